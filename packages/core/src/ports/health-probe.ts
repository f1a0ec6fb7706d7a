import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';
import type { Address } from './runtime.ts';

export type HealthAnswer = Readonly<{
  healthy: boolean;
  /** Short, for people: `200`, `503`, `connection refused`. Never what the app said in its body. */
  detail: string;
}>;

/** Asks an instance once whether it serves. That it does not answer is an answer; errors are the probe's own. */
export interface HealthProbe {
  check(
    address: Address,
    path: string,
    options: Readonly<{ timeoutMs: number; signal: CancelSignal }>,
  ): TaskEither<PortError, HealthAnswer>;
}
