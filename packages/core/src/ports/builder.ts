import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { CommitId, DeploymentId, EnvironmentId, StepKey } from '../identity.ts';
import type { BuildInputs, Image } from '../release.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';

export type BuildOrder = Readonly<{
  key: StepKey;
  deployment: DeploymentId;
  environment: EnvironmentId;
  /** Written into the image, to be read back from it. */
  commit: CommitId;
  inputs: BuildInputs;
}>;

export type BuiltImage = Readonly<{
  image: Image;
  /** As read back from the finished image, never echoed from the order. Null if the image does not say. */
  commit: CommitId | null;
  /** Whether the image can run by itself. */
  runnable: boolean;
}>;

/** A line of what a build prints, or what it is doing. For whoever watches; never recorded. */
export type BuildProgress = Readonly<{ text: string }>;

/**
 * Makes an image of a source tree. The same key again finds the image of the first time, without building.
 *
 * Errors: `builder/failed` (permanent) when the project does not build: the message ends with the last lines of its
 * output. `builder/refused` (permanent) when the inputs are not possible here: a missing Dockerfile, a preset this
 * builder does not know, a path that leaves the tree. `builder/cancelled` (transient) after the signal.
 * `builder/unreachable` (transient).
 */
export interface Builder {
  /**
   * `tree` is called only if there is something to build, once, and gives a tar stream of the commit's tree. When
   * the signal aborts, the build is stopped and nothing of it is left behind.
   */
  build(
    order: BuildOrder,
    tree: TaskEither<PortError, AsyncIterable<Uint8Array>>,
    options: Readonly<{ onProgress: (progress: BuildProgress) => void; signal: CancelSignal }>,
  ): TaskEither<PortError, BuiltImage>;
}
