// The public surface of @recourse/core. What is not named here may change without notice.

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
