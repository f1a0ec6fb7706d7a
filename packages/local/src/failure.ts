/** How this package's async code says no: it throws a Failure, and `attempt` turns it into the port's answer. */
import type { PortError } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';

export class Failure extends Error {
  readonly error: PortError;
  constructor(error: PortError) {
    super(error.message, { cause: error.cause });
    this.error = error;
  }
}

/** Runs `use`. What it throws that is not a Failure is told by `otherwise`. */
export const attempt = <A>(
  use: () => Promise<A>,
  otherwise: (cause: unknown) => PortError,
): TE.TaskEither<PortError, A> =>
  TE.tryCatch(use, (cause) => (cause instanceof Failure ? cause.error : otherwise(cause)));

/** The system's code of an error: `ENOENT`. */
export const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
