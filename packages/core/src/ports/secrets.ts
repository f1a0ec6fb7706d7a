import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { PortError } from './port-error.ts';

/**
 * Values that must not be recorded. They live from this call to the Runtime's start, and nowhere else.
 *
 * Errors: `secrets/not-found` (permanent), `secrets/unreachable` (transient). Neither message holds a value.
 */
export interface Secrets {
  /** `fingerprint` changes when the value does, and tells nothing about it. */
  read(reference: string): TaskEither<PortError, Readonly<{ value: string; fingerprint: string }>>;
}
