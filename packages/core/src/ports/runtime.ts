import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { z } from 'zod';
import type { DeploymentId, Digest, EnvironmentId, StepKey } from '../identity.ts';
import { InstanceId } from '../identity.ts';
import type { BuildInputs, Image, RunSpec } from '../release.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';

/** Where an instance can be reached from the router and from the health probe. */
export const Address = z.strictObject({
  host: z.string().regex(/^[A-Za-z0-9._:%-]{1,255}$/, 'must be a host name or an IP address'),
  port: z.int().min(1).max(65535),
});
export type Address = z.infer<typeof Address>;

export const Instance = z.strictObject({ id: InstanceId, address: Address });
export type Instance = z.infer<typeof Instance>;

export type StartOrder = Readonly<{
  key: StepKey;
  deployment: DeploymentId;
  environment: EnvironmentId;
  image: Image;
  /** How the image was built: what is not `runnable` is served by the runtime's own file server. */
  inputs: BuildInputs;
  run: RunSpec;
  /** With the secrets' values in it: for the instance only, never for a log, a label or an error. */
  variables: Readonly<Record<string, string>>;
}>;

export type InstanceState =
  | Readonly<{ state: 'running'; instance: Instance }>
  | Readonly<{ state: 'exited'; exitCode: number | null }>
  | Readonly<{ state: 'gone' }>;

/** What the runtime has, as its labels tell. An orphan is found by this, whoever started it. */
export type OwnedInstance = Readonly<{
  id: InstanceId;
  key: StepKey;
  deployment: DeploymentId;
  environment: EnvironmentId;
  digest: Digest;
}>;

/**
 * Runs instances of images. The key names an instance before it exists: whoever starts or stops the same key means
 * the same one, also after the worker that first asked for it died.
 *
 * Errors: `runtime/image-gone` (permanent) when the digest is not here. `runtime/start-failed` (permanent) when the
 * engine has the image and will not run it, with the reason. `runtime/key-taken` (permanent) when something under
 * this key is not ours or has another digest. `runtime/unreachable` (transient).
 */
export interface Runtime {
  /**
   * Starts an instance by digest. If one under this key runs already with the same digest, that one is adopted; if
   * it has exited, it is started again. Resolves when it runs, which is not yet when it serves.
   */
  start(order: StartOrder, signal: CancelSignal): TaskEither<PortError, Instance>;

  inspect(key: StepKey): TaskEither<PortError, InstanceState>;

  /**
   * Asks it to end, ends it by force after `graceMs`, and removes it with all that it left behind. Stopping what is
   * not there succeeds.
   */
  stop(key: StepKey, options: Readonly<{ graceMs: number }>): TaskEither<PortError, void>;

  /** The last lines of what the instance printed, oldest first; empty if it is gone. */
  logs(key: StepKey, options: Readonly<{ lines: number }>): TaskEither<PortError, readonly string[]>;

  /** Everything of ours that exists, running or not. */
  list(): TaskEither<PortError, readonly OwnedInstance[]>;
}
