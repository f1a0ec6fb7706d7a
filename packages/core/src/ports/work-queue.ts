import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { z } from 'zod';
import { DeploymentId } from '../identity.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';

/**
 * "Look at this deployment." Nothing in it is believed but the id. Loose on purpose: jobs that an older or newer
 * version queued, with more fields or fewer, are the same hint.
 */
export const WakeUp = z.object({ v: z.literal(1).default(1), deploymentId: DeploymentId });
export type WakeUp = z.infer<typeof WakeUp>;

/**
 * At-least-once wake-ups, delayed too. A hint, never the truth: losing, doubling or reordering one changes when a
 * step happens, never what happens.
 *
 * Errors: `queue/unavailable` (transient).
 */
export interface WorkQueue {
  enqueue(message: WakeUp, options?: Readonly<{ delayMs?: number }>): TaskEither<PortError, void>;

  /**
   * Gives each message to `handle`, at most `concurrency` at once and never two of the same deployment at once in
   * this process. A message is gone once `handle` resolved; it comes back when `handle` rejects or this process dies,
   * after at most a few seconds. Messages are given as stored: the handler parses them. Resolves when the signal has
   * aborted and every handler under way has ended.
   */
  consume(
    options: Readonly<{ concurrency: number; signal: CancelSignal }>,
    handle: (message: unknown) => Promise<void>,
  ): TaskEither<PortError, void>;
}
