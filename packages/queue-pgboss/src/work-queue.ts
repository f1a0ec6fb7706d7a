/** WorkQueue on a queue of pg-boss's. */
import type { WorkQueue } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Consume } from './consumer.ts';
import { unavailable } from './failure.ts';
import type { JobTable } from './job-table.ts';

/** A year: a delay beyond it is a mistake, and has to fit an interval. */
const DELAY_MS_MAX = 365 * 86_400_000;

export const pgBossWorkQueue = (jobs: JobTable, consume: Consume): WorkQueue => ({
  enqueue: (message, { delayMs = 0 } = {}) =>
    TE.tryCatch(
      () => jobs.put(message, Math.ceil(Math.min(Math.max(delayMs, 0), DELAY_MS_MAX))),
      (cause) => unavailable(`queue a wake-up of ${message.deploymentId}`, cause),
    ),
  consume,
});
