import type { PortError } from '@recourse/core';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';

/** Something outside the domain failed: the store is away, an event cannot be read. The only thing that is thrown. */
export class Fault extends Error {
  /** Stable, for programs: `store/unavailable`, `events/newer`. */
  readonly code: PortError['code'];
  readonly kind: PortError['kind'];

  constructor(error: PortError) {
    super(error.message, { cause: error.cause });
    this.name = 'Fault';
    this.code = error.code;
    this.kind = error.kind;
  }
}

/** The answer of a port that platform code is waiting for: its errors are faults. */
export const orFault = async <A>(effect: TaskEither<PortError, A>): Promise<A> => {
  const result = await effect();
  if (result._tag === 'Left') throw new Fault(result.left);
  return result.right;
};

/** What is away now is looked at again next time. Anything but a fault is a defect of ours, and is thrown. */
export const outlasting = async (part: () => Promise<void>): Promise<void> => {
  try {
    await part();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
};
