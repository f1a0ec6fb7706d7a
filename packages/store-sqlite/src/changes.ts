/** Tells whoever listens that something was committed: by this connection at once, by others within some 25 ms. */
export type Changes = Readonly<{
  notify(): void;
  /** Gives back how to stop listening. */
  listen(listener: () => void): () => void;
}>;

/** How often a connection looks for what others did. Finding that there is nothing takes some microseconds. */
const POLL_MS = 25;

/** `dataVersion` is SQLite's: it differs from what it was if and only if another connection has committed. */
export const changesOf = (dataVersion: () => number): Changes => {
  const listeners = new Set<() => void>();
  let poll: NodeJS.Timeout | undefined;
  let seen = 0;

  const notify = () => {
    for (const listener of [...listeners]) listener();
  };

  const look = () => {
    const version = orWhenClosed(dataVersion);
    if (version !== seen) notify();
    seen = version;
  };

  return {
    notify,
    listen: (listener) => {
      listeners.add(listener);
      if (poll === undefined) {
        seen = orWhenClosed(dataVersion);
        // Not unref'd: whoever waits for what others do must not find that the process ended meanwhile.
        poll = setInterval(look, POLL_MS);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(poll);
        poll = undefined;
      };
    },
  };
};

/** A listener finds out by itself what is wrong with the connection, and says so to its caller. */
const orWhenClosed = (dataVersion: () => number): number => {
  try {
    return dataVersion();
  } catch {
    return -1;
  }
};
