/** One subscription of the client's, as a queue that is taken from. */
import type { EventSubscription, ReadEvent, ServerPosition } from './client.ts';
import { typedError } from './failure.ts';
import type { Names } from './names.ts';
import type { Server } from './server.ts';

/** An event, or how far the server has looked without finding more. */
export type Chunk = Readonly<{ event?: ReadEvent | undefined; checkpoint?: ServerPosition | undefined }>;

export type Listening = Readonly<{
  isConfirmed(): boolean;
  /** What is there, in order, without waiting; at most as much as is handed over at once. */
  take(): readonly Chunk[];
  /** Once nothing more will come: why. */
  throwIfOver(): void;
  stop(): void;
}>;

/** Of one batch. An event has up to 1 MiB, and the client holds some more of them. */
const CHUNKS_MAX = 64;

/** Calls `changed` when there is something to take, or it is over. Nothing waits in memory but what the client buffers. */
export const listenTo = (
  server: Server,
  names: Names,
  after: ServerPosition | null,
  changed: () => void,
): Listening => {
  let confirmed = false;
  let over: { cause: unknown } | undefined;
  const end = (cause: unknown) => {
    over ??= { cause };
    changed();
  };
  const subscription = server.subscribe({
    fromPosition: after ?? 'start',
    filter: { ...names.filter, checkpointReached },
  });
  const timer = setTimeout(
    () => end(typedError('deadline-exceeded', `there was no confirmation within ${server.timeoutMs} ms`)),
    server.timeoutMs,
  );
  const confirm = () => {
    confirmed = true;
    clearTimeout(timer);
    changed();
  };
  subscription.on('confirmation', confirm);
  subscription.on('readable', changed);
  subscription.on('end', () => end(typedError('dropped', 'the server ended the subscription')));
  // Never removed: the client also tells of errors when it is over, and without a listener they would end the process.
  subscription.on('error', end);

  return {
    isConfirmed: () => confirmed,
    take: () => {
      const chunks: Chunk[] = [];
      while (chunks.length < CHUNKS_MAX) {
        const chunk = subscription.read();
        if (!isChunk(chunk)) break;
        chunks.push(chunk);
      }
      return chunks;
    },
    throwIfOver: () => {
      if (over !== undefined) throw over.cause;
    },
    stop: () => {
      clearTimeout(timer);
      subscription.unsubscribe().catch(() => {});
      subscription.destroy();
    },
  };
};

/** The client calls this before it has given out the events that came before: so it is put behind them. */
const checkpointReached = (subscription: EventSubscription, checkpoint: ServerPosition): void => {
  subscription.push({ checkpoint });
};

/** Null is nothing, for now. */
const isChunk = (value: unknown): value is Chunk => typeof value === 'object' && value !== null;
