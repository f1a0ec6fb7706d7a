import type { Effect, InstanceState, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Performing } from './perform.ts';

type CheckHealth = Extract<Effect, { type: 'CheckHealth' }>;
type Health = Readonly<{ healthy: boolean; attempts: number; detail: string }>;

/** A twentieth of the time that it has taken so far: who is ready quickly is found so, who is slow is left in peace. */
const pauseAfter = (elapsedMs: number): number => Math.min(500, Math.max(5, elapsedMs / 20));

const ANSWER_WITHIN_MS = 5_000;

/** Asks until the instance is healthy, has ended, or its time is up. */
export const becomeHealthy =
  (check: CheckHealth, performing: Performing): TaskEither<PortError, Health> =>
  async () => {
    const health = await untilHealthy(check, performing);
    if (E.isRight(health) && !health.right.healthy) await repeatLastWords(check, performing);
    return health;
  };

const untilHealthy = async (
  { address, spec, instanceKey }: CheckHealth,
  { ports, signal }: Performing,
): Promise<E.Either<PortError, Health>> => {
  const from = ports.clock.now();
  const until = from + spec.health.withinMs;
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
    await ports.clock.sleep(pauseAfter(ports.clock.now() - from), signal);
  }
};

const LAST_WORDS = 20;

/** Whoever watches sees why. It is not recorded: an app may print anything, a secret too. */
const repeatLastWords = async ({ instanceKey }: CheckHealth, { ports, progress }: Performing): Promise<void> => {
  const words = await ports.runtime.logs(instanceKey, { lines: LAST_WORDS })();
  if (E.isRight(words)) for (const line of words.right) progress(line);
};

const endOf = (instance: InstanceState): string | null => {
  if (instance.state === 'running') return null;
  if (instance.state === 'gone') return 'the instance is gone';
  const { exitCode } = instance;
  return exitCode === null ? 'the instance ended' : `the instance ended with exit code ${exitCode}`;
};

const cancelled: PortError = {
  kind: 'transient',
  code: 'engine/cancelled',
  message: 'The health check was cancelled.',
};
