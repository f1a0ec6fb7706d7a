/**
 * Following all streams of ours. The client does not subscribe again by itself when the connection drops; this does,
 * behind what was handed over last.
 */
import { type CancelSignal, type Latch, latch, type PortError, type StoredEvent } from '@recourse/core';
import { subscriberFailed } from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { ServerPosition } from './client.ts';
import { storedEventOf } from './envelope.ts';
import { failure, typeOf } from './failure.ts';
import { type Chunk, type Listening, listenTo } from './listening.ts';
import type { Names } from './names.ts';
import { isAfter } from './position.ts';
import type { Server } from './server.ts';
import { closed } from './within.ts';

type Request = Readonly<{ after: ServerPosition | null; signal: CancelSignal }>;
type OnEvents = (events: readonly StoredEvent[]) => Promise<void>;

/** The pause before a subscription that dropped is begun again: doubled each time, and never quite the same. */
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5000;
/** For how long it is tried. One that was never confirmed is not tried again: its caller is waiting to hear of it. */
const OUTAGE_MS_MAX = 60_000;

export const subscribeTo =
  (server: Server, names: Names, { after, signal }: Request, onEvents: OnEvents): TaskEither<PortError, void> =>
  async () => {
    const [wake, rest] = [latch(), latch()];
    const stop = () => {
      wake.open();
      rest.open();
    };
    signal.addEventListener('abort', stop);
    server.ending.addEventListener('abort', stop);
    try {
      return await follow({ server, names, signal, onEvents, wake, rest }, after);
    } finally {
      signal.removeEventListener('abort', stop);
      server.ending.removeEventListener('abort', stop);
    }
  };

type Site = Readonly<{
  server: Server;
  names: Names;
  signal: CancelSignal;
  onEvents: OnEvents;
  /** Opened by whatever a session hears, and by the end. */
  wake: Latch;
  /** Opened by the end only: what an old session still says does not shorten a pause. */
  rest: Latch;
}>;
type Ended = E.Either<PortError, void>;

const follow = async (site: Site, after: ServerPosition | null): Promise<Ended> => {
  const { server, signal, rest } = site;
  const progress = progressFrom(after);
  while (!signal.aborted) {
    const ended = await session(site, progress);
    if (ended !== null) return ended;
    if (signal.aborted) break;
    const { cause } = progress;
    const error = failure('follow the events', server.ending.aborted ? closed() : cause);
    const outageMs = Date.now() - progress.heardAt;
    const hopeless = server.ending.aborted || error.kind === 'permanent' || outageMs > OUTAGE_MS_MAX;
    // The client turns to the leader by itself.
    if (hopeless || (!progress.heard && typeOf(cause) !== 'not-leader')) return E.left(error);
    progress.drops += 1;
    const restMs = Math.min(BACKOFF_MS * 2 ** (progress.drops - 1), BACKOFF_MS_MAX) * (0.5 + Math.random() / 2);
    const timer = setTimeout(rest.open, restMs);
    await rest.wait();
    clearTimeout(timer);
  }
  return E.right(undefined);
};

/** How far a subscription is, over all its sessions. */
type Progress = {
  /** Of the last event that was handed over, or of what the server looked through behind it and left out. */
  position: ServerPosition | null;
  /** Whether the server ever confirmed; since when it does not, how often it was tried since, and why that failed. */
  heard: boolean;
  heardAt: number;
  drops: number;
  cause: unknown;
};

const progressFrom = (position: ServerPosition | null): Progress => ({
  position,
  heard: false,
  heardAt: Date.now(),
  drops: 0,
  cause: undefined,
});

/** From subscribing to the end, or until the connection drops, which is null. */
const session = async (site: Site, progress: Progress): Promise<Ended | null> => {
  let listening: Listening | undefined;
  try {
    if (site.server.ending.aborted) throw closed();
    const skipped = await skippedAt(site, progress.position);
    if (skipped.length > 0) {
      const ended = await handOver(site, progress, skipped);
      if (ended !== null) return ended;
    }
    listening = listenTo(site.server, site.names, progress.position, site.wake.open);
    return await handOverAll(site, progress, listening);
  } catch (cause) {
    progress.cause = cause;
    // It may have been quiet for hours: the outage begins now.
    if (listening?.isConfirmed()) progress.heardAt = Date.now();
    return null;
  } finally {
    listening?.stop();
  }
};

const handOverAll = async (site: Site, progress: Progress, listening: Listening): Promise<Ended | null> => {
  while (!site.signal.aborted) {
    const chunks = listening.take();
    if (listening.isConfirmed()) {
      progress.heard = true;
      progress.drops = 0;
    }
    if (chunks.length > 0) {
      const ended = await handOver(site, progress, chunks);
      if (ended !== null) return ended;
    } else {
      listening.throwIfOver();
      if (site.server.ending.aborted) throw closed();
      await site.wake.wait();
    }
  }
  return E.right(undefined);
};

/** All events in one batch. Only then is what was queued behind them behind us. */
const handOver = async (site: Site, progress: Progress, chunks: readonly Chunk[]): Promise<Ended | null> => {
  const { names, signal, onEvents } = site;
  const events = chunks.flatMap((chunk) => {
    if (chunk.event === undefined || !isNew(progress.position, chunk.event.position)) return [];
    return [storedEventOf(names, chunk.event)];
  });
  if (signal.aborted) return E.right(undefined);
  const last = events.at(-1);
  if (last !== undefined) {
    try {
      await onEvents(events);
    } catch (cause) {
      return E.left(subscriberFailed(last, cause));
    }
  }
  for (const { event, checkpoint } of chunks) {
    const position = checkpoint ?? event?.position;
    if (position !== undefined && isNew(progress.position, position)) progress.position = position;
  }
  return null;
};

const isNew = (seen: ServerPosition | null, position: ServerPosition | undefined): boolean =>
  seen === null || position === undefined || isAfter(position, seen);

/**
 * The server begins behind the first event that it finds at the position or after it. If the one at the position was
 * scavenged meanwhile, that is one too many: it is looked up here.
 */
const skippedAt = async ({ server, names }: Site, position: ServerPosition | null): Promise<readonly Chunk[]> => {
  const skipped: Chunk[] = [];
  if (position === null) return skipped;
  await server.readAll({ fromPosition: position, direction: 'forwards', maxCount: 1 }, (event) => {
    if (!isNew(position, event.position)) return;
    skipped.push(names.idOf(event.streamId) === null ? { checkpoint: event.position } : { event });
  });
  return skipped;
};
