/** A reader that goes on: batch after batch, then whatever is appended, here or elsewhere, also through an outage. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type CancelSignal, latch, type PortError, type StoredEvent } from '@recourse/core';
import { subscriberFailed } from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Changes } from './changes.ts';
import { type Database, ignore } from './database.ts';
import type { EventRows } from './event-rows.ts';

/** Of one batch, so that a subscriber far behind costs no more memory than one at the end. */
const EVENTS_MAX = 256;
const BYTES_MAX = 4 * 2 ** 20;
/** How long a subscription rests whose store is away: doubled each time. */
const OUTAGE_MS = 100;
const OUTAGE_MS_MAX = 5000;

type Source = Readonly<{ database: Database; rows: EventRows; changes: Changes }>;
type Request = Readonly<{ after: number; signal: CancelSignal }>;
type OnEvents = (events: readonly StoredEvent[]) => Promise<void>;

/**
 * One that cannot begin says so (`store/unavailable`). One that has begun tries again through any outage, for as long as
 * the store is open and the signal has not aborted, and goes on where it was.
 */
export const subscribeTo =
  (source: Source, { after, signal }: Request, onEvents: OnEvents): TaskEither<PortError, void> =>
  async () => {
    const wake = latch();
    const stopListening = source.changes.listen(wake.open);
    const ending = new AbortController();
    const end = () => {
      ending.abort();
      wake.open();
    };
    signal.addEventListener('abort', end);
    try {
      return await follow(source, { after, signal }, onEvents, {
        somethingNew: wake.wait,
        pause: (ms) => sleep(ms, undefined, { signal: ending.signal }).catch(ignore),
      });
    } finally {
      stopListening();
      signal.removeEventListener('abort', end);
    }
  };

type Waits = Readonly<{ somethingNew: () => Promise<void>; pause: (ms: number) => Promise<void> }>;

const follow = async (
  { database, rows }: Source,
  { after, signal }: Request,
  onEvents: OnEvents,
  { somethingNew, pause }: Waits,
): Promise<E.Either<PortError, void>> => {
  let position = after;
  let outageMs: number | null = null;
  while (!signal.aborted) {
    const batch = await rows.batchAfter(position, EVENTS_MAX, BYTES_MAX)();
    if (E.isLeft(batch)) {
      if (outageMs === null || batch.left.kind === 'permanent' || !database.isOpen()) return batch;
      await pause(outageMs);
      outageMs = Math.min(outageMs * 2, OUTAGE_MS_MAX);
      continue;
    }
    outageMs = OUTAGE_MS;
    const last = batch.right.at(-1);
    if (last === undefined) {
      await somethingNew();
      continue;
    }
    if (signal.aborted) break;
    try {
      await onEvents(batch.right);
    } catch (cause) {
      return E.left(subscriberFailed(last, cause));
    }
    position = Number(last.position);
    // Handlers that need no IO would otherwise keep everything else from running while they catch up.
    await nextTurn();
  }
  return E.right(undefined);
};
