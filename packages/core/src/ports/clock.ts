import type { Instant } from '../identity.ts';
import type { CancelSignal } from './cancel-signal.ts';

/** Time. The only way in which core and engine learn of it, so that a simulated world may own it. */
export interface Clock {
  now(): Instant;
  /** Resolves after that time, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: CancelSignal): Promise<void>;
}
