/** WorkQueue on a queue of BullMQ's. */
import type { WorkQueue } from '@recourse/core';
import type { Queue } from 'bullmq';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Consume } from './consumer.ts';
import { unavailable } from './failure.ts';

/** A year: a delay beyond it is a mistake, and has to fit a score. */
const DELAY_MS_MAX = 365 * 86_400_000;

/** BullMQ's own budget of attempts is not used: a message comes back until it is handled. */
const kept = { attempts: Number.MAX_SAFE_INTEGER, removeOnComplete: true };

/**
 * A wake-up for a deployment whose last one still waits joins it. Never a delayed one, nor one that is being handled:
 * what is dropped here is answered by a handling that begins later, and soon.
 */
export const bullmqWorkQueue = (queue: Queue, consume: Consume): WorkQueue => ({
  enqueue: ({ v, deploymentId }, { delayMs = 0 } = {}) =>
    TE.tryCatch(
      async () => {
        const delay = Math.ceil(Math.min(Math.max(delayMs, 0), DELAY_MS_MAX));
        const when = delay > 0 ? { delay } : { deduplication: { id: deploymentId } };
        await queue.add('wake-up', { v, deploymentId }, { ...kept, ...when });
      },
      (cause) => unavailable(`queue a wake-up of ${deploymentId}`, cause),
    ),

  consume: (options, handle) => consume(options, handle),
});
