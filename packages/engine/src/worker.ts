import { WakeUp } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { type Advancing, advance } from './advance.ts';
import { cancellation } from './cancellation.ts';
import { Fault } from './fault.ts';
import type { Sweeper } from './sweep/sweeper.ts';

export type WorkOptions = Readonly<{
  /** How many deployments are worked on at once. Default 4. */
  concurrency?: number;
}>;

export type Worker = Readonly<{
  /**
   * Begins nothing new, gives the steps under way `graceMs` (default 10,000) to end, lets go of what is left, and
   * hands all of it over: another worker, or the next start of this one, goes on.
   */
  stop(options?: Readonly<{ graceMs?: number }>): Promise<void>;
  /** Resolves when it has stopped; rejects with a Fault if the queue failed for good. */
  stopped: Promise<void>;
}>;

const QUEUE_PAUSE_MS = 1_000;

export const startWorker = (advancing: Advancing, sweeper: Sweeper, { concurrency = 4 }: WorkOptions): Worker => {
  const { queue, clock } = advancing.ports;
  const beginNothing = cancellation();
  const letGo = cancellation();

  const handle = async (message: unknown): Promise<void> => {
    const wakeUp = WakeUp.safeParse(message);
    // Nobody can ever act on it, and the sweeper finds every open deployment without it.
    if (!wakeUp.success) return;
    const { deploymentId } = wakeUp.data;
    const advanced = await advance(advancing, deploymentId, {
      beginNothing: beginNothing.signal,
      letGo: letGo.signal,
    });
    if (advanced === 'stopped') await queue.enqueue({ v: 1, deploymentId })();
  };

  /** A queue that is away for a moment ends no worker; the sweeper goes on meanwhile. */
  const consume = async (): Promise<void> => {
    while (!beginNothing.signal.aborted) {
      const ended = await queue.consume({ concurrency, signal: beginNothing.signal }, handle)();
      if (E.isRight(ended)) return;
      if (ended.left.kind === 'permanent') throw new Fault(ended.left);
      await clock.sleep(QUEUE_PAUSE_MS, beginNothing.signal);
    }
  };

  const consuming = consume();
  const sweeping = sweeper.run(beginNothing.signal);
  const stopped = Promise.all([consuming, sweeping])
    .then(() => undefined)
    .finally(beginNothing.cancel);
  // Whoever does not look at `stopped` must not be brought down by it.
  stopped.catch(() => undefined);

  return {
    stopped,
    stop: async ({ graceMs = 10_000 } = {}) => {
      beginNothing.cancel();
      const over = cancellation();
      await Promise.race([stopped, clock.sleep(graceMs, over.signal)]);
      over.cancel();
      letGo.cancel();
      await stopped;
    },
  };
};
