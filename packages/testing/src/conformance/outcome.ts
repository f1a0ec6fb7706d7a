/** What a port answered, for tests: the value, or the error, or a test that fails and says which of them it got. */
import type { PortError } from '@recourse/core';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';

/** The value. An error fails the test with its code, message and cause. */
export const right = async <A>(effect: TaskEither<PortError, A>): Promise<A> => {
  const outcome = await effect();
  if (outcome._tag === 'Right') return outcome.right;
  const { code, message, cause } = outcome.left;
  throw new Error(`${code}: ${message}`, { cause });
};

/** The error. A value fails the test. */
export const left = async <E extends PortError, A>(effect: TaskEither<E, A>): Promise<E> => {
  const outcome = await effect();
  if (outcome._tag === 'Left') return outcome.left;
  throw new Error(`expected a PortError, got ${JSON.stringify(outcome.right)}`);
};
