/**
 * Tells whoever listens that something was appended: by this store at once, by others as soon as PostgreSQL's NOTIFY
 * says so, and in any case within some 200 ms. Told too often, never too rarely: a listener looks for itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connected, type Database, giveBack, ignore, queryOf } from './database.ts';
import type { EventRows } from './event-rows.ts';
import type { PostgresClient } from './pool.ts';

export type Changes = Readonly<{
  /** This store has appended. */
  appended(): void;
  /** Gives back how to stop listening. */
  listen(listener: () => void): () => void;
  close(): void;
}>;

/** How often a store that somebody listens to looks for what others did. It takes the server some microseconds. */
const POLL_MS = 200;
/** Others are told so often at most: each time is a commit of its own, of which PostgreSQL makes one at a time. */
const NOTIFY_MS = 20;
const CONNECT_AGAIN_MS = 1000;

/** It need not survive a crash, so nobody waits for the disk on its account. */
const notify = `select set_config('synchronous_commit', 'off', true), pg_notify($1, '')`;

type Options = Readonly<{ channel: string; lastPosition: EventRows['lastPosition'] }>;

export const changesOf = (database: Database, { channel, lastPosition }: Options): Changes => {
  const listeners = new Set<() => void>();
  let stopWatching = ignore;

  const tell = () => {
    for (const listener of [...listeners]) listener();
  };
  const watch = () => {
    const stopPolling = poll(lastPosition, tell);
    const stopHearing = hear(database, channel, tell);
    return () => {
      stopPolling();
      stopHearing();
    };
  };
  const tellOthers = atMostEvery(NOTIFY_MS, () => {
    void database.ask('tell other processes', notify, [channel], ignore)();
  });

  return {
    appended: () => {
      tell();
      tellOthers();
    },
    listen: (listener) => {
      if (listeners.size === 0) stopWatching = watch();
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stopWatching();
      };
    },
    close: () => {
      stopWatching();
      tell();
    },
  };
};

/** At once if it was long enough ago, else once it is. */
const atMostEvery = (ms: number, act: () => void): (() => void) => {
  let next = 0;
  let timer: NodeJS.Timeout | undefined;
  const run = () => {
    timer = undefined;
    next = performance.now() + ms;
    act();
  };
  return () => {
    if (timer !== undefined) return;
    const wait = next - performance.now();
    if (wait <= 0) return run();
    timer = setTimeout(run, wait);
    // A process that ends is not kept for it: others find out by themselves.
    timer.unref();
  };
};

/** Each look for itself: whether the server was away is for those to say who read from it. */
const poll = (lastPosition: EventRows['lastPosition'], tell: () => void): (() => void) => {
  let seen: string | null = null;
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const answer = await lastPosition()();
    looking = false;
    if (answer._tag === 'Left' || answer.right === seen) return;
    seen = answer.right;
    tell();
  };
  // Not unref'd: whoever waits for what others do must not find that the process ended meanwhile.
  const timer = setInterval(() => void look(), POLL_MS);
  return () => clearInterval(timer);
};

/**
 * Keeps one connection that listens, as long as it can be had. It is the only part that needs a session of its own:
 * behind a pooler that shares sessions nothing is heard, and the looks from time to time have to do.
 */
const hear = ({ pool, isOpen }: Database, channel: string, tell: () => void): (() => void) => {
  // It must not take the only connection there is.
  if ((pool.options?.max ?? 2) < 2) return ignore;
  const stop = new AbortController();
  void (async () => {
    while (!stop.signal.aborted && isOpen()) {
      await hearOnce(pool, channel, tell, stop.signal);
      await sleep(CONNECT_AGAIN_MS, undefined, { signal: stop.signal, ref: false }).catch(ignore);
    }
  })();
  return () => stop.abort();
};

/** Until the connection is lost, or nobody wants to hear any more. */
const hearOnce = async (
  pool: Database['pool'],
  channel: string,
  tell: () => void,
  signal: AbortSignal,
): Promise<void> => {
  const client = await connected(pool, CONNECT_AGAIN_MS * 10).catch(ignore);
  if (client === undefined) return;
  const lost = Promise.withResolvers<void>();
  client.on('error', lost.resolve);
  client.on('notification', tell);
  signal.addEventListener('abort', () => lost.resolve());
  try {
    if (!signal.aborted) await client.query(queryOf(`listen "${channel}"`, []));
    if (!signal.aborted) await lost.promise;
  } catch {
    // Nothing is heard on it: the same as if it were lost.
  } finally {
    letGo(client, lost.resolve, tell);
  }
};

/** Closed, so that nobody who uses it next listens as well. */
const letGo = (client: PostgresClient, lost: () => void, tell: () => void): void => {
  client.off('error', lost);
  client.off('notification', tell);
  giveBack(client, { destroy: true });
};
