/** WorkQueue in the same file: durable, for one machine, with no server. */
import type { PortError, WorkQueue } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { consumer } from './consumer.ts';
import type { Database } from './database.ts';
import { workRows } from './work-rows.ts';

/** A hundred years: a delay beyond it is a mistake, and has to fit a column. */
const DELAY_MS_MAX = 100 * 365 * 86_400_000;

/**
 * One message a deployment is kept: a wake-up for one that waits joins it. Of one deployment, a message at a time is
 * handed over, in whatever process.
 */
export const sqliteWorkQueue = (database: Database): WorkQueue => {
  const rows = workRows(database);
  const consume = consumer(database, rows);

  return {
    enqueue: ({ v, deploymentId }, { delayMs = 0 } = {}) => {
      const dueAt = Date.now() + Math.ceil(Math.min(Math.max(delayMs, 0), DELAY_MS_MAX));
      return pipe(
        database.write(`queue a wake-up of ${deploymentId}`, () => {
          rows.put(deploymentId, JSON.stringify({ v, deploymentId }), dueAt);
        }),
        TE.chainFirstIOK(() => database.changes.notify),
        TE.mapLeft(asQueueError),
      );
    },

    consume: (options, handle) => pipe(consume(options, handle), TE.mapLeft(asQueueError)),
  };
};

const asQueueError = (error: PortError): PortError => ({
  ...error,
  code: error.code === 'store/corrupt' ? 'queue/corrupt' : 'queue/unavailable',
});
