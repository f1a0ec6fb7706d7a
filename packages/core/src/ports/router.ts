import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { EnvironmentId, Fence, InstanceId } from '../identity.ts';
import type { PortError } from './port-error.ts';
import type { Instance } from './runtime.ts';

export type Route = Readonly<{
  /** Null: this environment has nothing to serve, requests are answered 503. */
  upstream: Instance | null;
  fence: Fence;
}>;

/**
 * Points each environment's traffic at one instance. A switch loses no request: those under way end where they
 * began, those that start after `point` resolved go to the new upstream.
 *
 * Errors: `router/stale-fence` (permanent) for a fence lower than the last one applied for this environment, or for
 * the same fence with another upstream. `router/unreachable` (transient): it is then unknown whether it was applied.
 */
export interface Router {
  /** Applies the route. The same route again succeeds and changes nothing. */
  point(environment: EnvironmentId, route: Route): TaskEither<PortError, void>;

  /** The route in force, null if this router has none for the environment (it is new, or was restarted empty). */
  where(environment: EnvironmentId): TaskEither<PortError, Route | null>;

  /** How many requests and upgraded connections this instance is still serving. 0 if the router does not know it. */
  openRequests(environment: EnvironmentId, instance: InstanceId): TaskEither<PortError, number>;
}
