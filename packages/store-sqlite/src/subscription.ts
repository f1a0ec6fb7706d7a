/** A reader that goes on: batch after batch, then whatever is committed, here or in another process. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CancelSignal, latch, type PortError, type StoredEvent } from '@recourse/core';
import { subscriberFailed } from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Database } from './database.ts';
import type { EventRows } from './event-rows.ts';

/** Of one batch, so that a subscriber far behind costs no more memory than one at the end. */
const EVENTS_MAX = 256;
const BYTES_MAX = 4 * 2 ** 20;

type Request = Readonly<{ after: number; signal: CancelSignal }>;
type OnEvents = (events: readonly StoredEvent[]) => Promise<void>;

export const subscribeTo =
  (database: Database, rows: EventRows, { after, signal }: Request, onEvents: OnEvents): TaskEither<PortError, void> =>
  async () => {
    const wake = latch();
    const stopListening = database.changes.listen(wake.open);
    signal.addEventListener('abort', wake.open);
    try {
      return await follow(database, rows, { after, signal }, onEvents, wake.wait);
    } finally {
      stopListening();
      signal.removeEventListener('abort', wake.open);
    }
  };

const follow = async (
  database: Database,
  rows: EventRows,
  { after, signal }: Request,
  onEvents: OnEvents,
  somethingNew: () => Promise<void>,
): Promise<E.Either<PortError, void>> => {
  let position = after;
  while (!signal.aborted) {
    const batch = await database.read('read the events', () => rows.after(position, EVENTS_MAX, BYTES_MAX))();
    if (E.isLeft(batch)) return batch;
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
