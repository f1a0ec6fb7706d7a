/** What really happened, as the simulated engines know it; never what the library believes. */
import type {
  BuildOrder,
  DeploymentEvent,
  DeploymentId,
  Digest,
  EnvironmentEvent,
  EnvironmentId,
  Finding,
  Rejection,
  RollbackPlan,
  Route,
  Snapshot,
  StepKey,
  StoredEvent,
} from '@recourse/core';
import type { Either } from 'fp-ts/lib/Either.js';
import type { Order } from './operator/orders.ts';
import type { SimInstance } from './ports/engine.ts';

export type Fact = Readonly<
  | { type: 'appended'; stored: StoredEvent; event: DeploymentEvent | EnvironmentEvent; json: string; by: string }
  /** A process sends a request that changes the world; it may arrive late, or never. */
  | { type: 'issued'; effect: 'build' | 'start'; deployment: DeploymentId; key: StepKey }
  | { type: 'build-began'; order: BuildOrder }
  | { type: 'built'; key: StepKey; digest: Digest; commit: string | null }
  | { type: 'started'; instance: SimInstance; adopted: boolean }
  /** The library has asked for it; the instance is still there. */
  | { type: 'stopping'; instance: SimInstance }
  | { type: 'health-told'; instance: SimInstance; healthy: boolean }
  /** `forgot`: this router was restarted empty, and has not been told of this environment since. */
  | { type: 'routed'; environment: EnvironmentId; route: Route; was: Route | null; forgot: boolean }
  /** An engine was asked for an image, and this was the answer that it sent. */
  | { type: 'looked'; digest: Digest; finding: Finding }
  | { type: 'snapshot-saved'; key: string; snapshot: Snapshot }
  | { type: 'ordered'; order: Order }
  /** Somebody has read a plan, and asks for the deployment `makes` to carry it out. */
  | { type: 'agreed'; makes: string; plan: RollbackPlan }
  | { type: 'answered'; order: Order; answer: Either<Rejection, unknown> }
  /** Text that leaves the library: an error, a message, a label. */
  | { type: 'told'; where: string; text: string }
>;
