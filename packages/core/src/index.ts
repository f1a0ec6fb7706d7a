// The public surface of @recourse/core. What is not named here may change without notice.

// The two deciders, and what is owed next.
export {
  type DeploymentCommand,
  decideDeployment,
  sameRequest,
} from './deployment/decide.ts';
export { type Decision, decideRestore, type RestoreFacts } from './deployment/decide-restore.ts';
export {
  type Acquisition,
  type Deployment,
  type DeploymentRequest,
  type Durations,
  type Ending,
  evolveDeployment,
  imageWentAway,
  initialDeployment,
  isAutomatic,
  kindOf,
  releaseOf,
  type StepUnderWay,
  sourceOf,
  workloadOf,
} from './deployment/deployment.ts';
export {
  Actor,
  DeploymentEvent,
  type DeploymentEventOf,
  EffectName,
  Failure,
  RebuildReason,
  Trigger,
} from './deployment/events.ts';
export { type Bookkeeping, type Effect, next, type Step } from './deployment/next.ts';
export { backoffMs, defaultPolicy, type Policy, RUNS_MAX, type StepPolicy } from './deployment/policy.ts';
export { type Turn, turnOf } from './environment/admission.ts';
export { decideEnvironment, type EnvironmentCommand } from './environment/decide.ts';
export {
  Candidate,
  ENVIRONMENT_SCHEMA,
  Environment,
  evolveEnvironment,
  initialEnvironment,
  Live,
  PROVEN_MAX,
  Slot,
} from './environment/environment.ts';
export { DeploymentKind, EnvironmentEvent } from './environment/events.ts';
export {
  deploymentEvents,
  deploymentStream,
  type EventCodec,
  environmentEvents,
  environmentStream,
  eventCodec,
  type Upcasts,
} from './event-codec.ts';
// Names and values of the domain.
export {
  CommitId,
  DeploymentId,
  Digest,
  EnvironmentId,
  Fence,
  InstanceId,
  Instant,
  StepKey,
  Text,
} from './identity.ts';
// What an adapter waits on.
export { type Latch, latch } from './latch.ts';
// What an adapter implements.
export type { Builder, BuildOrder, BuildProgress, BuiltImage } from './ports/builder.ts';
export type { CancelSignal } from './ports/cancel-signal.ts';
export type { Clock } from './ports/clock.ts';
export {
  type EventMetadata,
  type EventStore,
  type ExpectedVersion,
  isWrongExpectedVersion,
  type Json,
  type NewEvent,
  type Position,
  type StoredEvent,
  type StreamId,
  type WrongExpectedVersion,
} from './ports/event-store.ts';
export type { HealthAnswer, HealthProbe } from './ports/health-probe.ts';
export type { Ids } from './ports/ids.ts';
export { Finding, type Images } from './ports/images.ts';
export type { PortError } from './ports/port-error.ts';
export type { Route, Router } from './ports/router.ts';
export {
  Address,
  Instance,
  type InstanceState,
  type OwnedInstance,
  type Runtime,
  type StartOrder,
} from './ports/runtime.ts';
export type { Secrets } from './ports/secrets.ts';
export type { Snapshot, Snapshots } from './ports/snapshots.ts';
export type { Sources } from './ports/sources.ts';
export { WakeUp, type WorkQueue } from './ports/work-queue.ts';
export { type Rejection, renderRejection } from './rejection.ts';
export {
  BuildInputs,
  Config,
  GitRef,
  type GitSource,
  Image,
  ImageReference,
  Release,
  RepositoryUrl,
  RunSpec,
  SecretReference,
  Source,
  TreePath,
  Workload,
} from './release.ts';
// Rolling back: the plan before, the reasons after.
export { explainDeployment, explainEvent } from './rollback/explain.ts';
export {
  type ConfigDifference,
  checkTarget,
  defaultTarget,
  type PlanFacts,
  planRollback,
  type RollbackPlan,
} from './rollback/plan-rollback.ts';
export { safelyParse } from './safely-parse.ts';
