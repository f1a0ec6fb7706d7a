import type { Effect, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Performing } from './perform.ts';

type CheckHealth = Extract<Effect, { type: 'CheckHealth' }>;
type Health = Readonly<{ healthy: boolean; attempts: number; detail: string }>;

/** The first look comes at once, later ones further apart: an app that is ready in 50 ms does not wait for a second. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;
const ANSWER_WITHIN_MS = 5_000;

/** Asks until the instance is healthy, has ended, or its time is up. */
export const becomeHealthy =
  ({ address, spec, instanceKey }: CheckHealth, { ports, signal }: Performing): TaskEither<PortError, Health> =>
  async () => {
    const until = ports.clock.now() + spec.health.withinMs;
    let pause = FIRST_PAUSE_MS;
    for (let attempts = 1; ; attempts++) {
      const timeoutMs = Math.max(1, Math.min(ANSWER_WITHIN_MS, until - ports.clock.now()));
      const answer = await ports.health.check(address, spec.health.path, { timeoutMs, signal })();
      if (E.isLeft(answer)) return answer;
      const { healthy, detail } = answer.right;
      if (healthy) return E.right({ healthy, attempts, detail });

      const instance = await ports.runtime.inspect(instanceKey)();
      if (E.isLeft(instance)) return instance;
      const over = endOf(instance.right);
      if (over !== null) return E.right({ healthy, attempts, detail: over });
      if (ports.clock.now() >= until) return E.right({ healthy, attempts, detail });
      if (signal.aborted) return E.left(cancelled);
      await ports.clock.sleep(pause, signal);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5);
    }
  };

const endOf = (instance: { state: string; exitCode?: number | null }): string | null => {
  if (instance.state === 'running') return null;
  if (instance.state === 'gone') return 'the instance is gone';
  const code = instance.exitCode ?? null;
  return code === null ? 'the instance ended' : `the instance ended with exit code ${code}`;
};

const cancelled: PortError = {
  kind: 'transient',
  code: 'engine/cancelled',
  message: 'The health check was cancelled.',
};
