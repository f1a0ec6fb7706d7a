/** What can be said of one deployment. These names and fields are stored for ever: add to them, never change them. */
import { z } from 'zod';
import { CommitId, DeploymentId, EnvironmentId, Fence, Instant, StepKey, Text } from '../identity.ts';
import { Finding } from '../ports/images.ts';
import { Instance } from '../ports/runtime.ts';
import { Config, GitRef, Image, Release, Source, Workload } from '../release.ts';

/** Everything that is done to the outside world. Each is announced by StepStarted before it begins. */
export const EffectName = z.enum([
  'resolve-source',
  'probe-image',
  'pull-image',
  'build',
  'start',
  'check-health',
  'promote',
  'restore-traffic',
  'retire-previous',
  'stop-instance',
]);
export type EffectName = z.infer<typeof EffectName>;

/** What a deployment may be set off by. `push` and `schedule` wait while automatic deploys are held. */
export const Trigger = z.enum(['push', 'api', 'schedule', 'redeploy']);
export type Trigger = z.infer<typeof Trigger>;

export const Actor = Text.min(1, 'must name who asked');

/** A failure as it is kept: the code for programs, the message for people. */
export const Failure = z.strictObject({
  kind: z.enum(['transient', 'permanent']),
  code: z.string().min(1).max(128),
  message: z.string().max(4000),
});
export type Failure = z.infer<typeof Failure>;

const Count = z.int().positive();
const DurationMs = z.int().nonnegative();

export const RebuildReason = z.enum(['pruned', 'changed', 'not-runnable']);
export type RebuildReason = z.infer<typeof RebuildReason>;

const event = <Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) =>
  z.strictObject({ type: z.literal(type), ...fields });

export const DeploymentEvent = z.discriminatedUnion('type', [
  event('DeploymentRequested', {
    deployment: DeploymentId,
    environment: EnvironmentId,
    source: Source,
    workload: Workload,
    config: Config,
    trigger: Trigger,
    actor: Actor,
    reason: Text.nullable(),
  }),
  event('RollbackRequested', {
    deployment: DeploymentId,
    environment: EnvironmentId,
    /** The release as it was when it was live: whatever changes since, this is what is meant. */
    target: Release,
    configMode: z.enum(['then', 'now']),
    /** What the mode came to: the target's own, or that of the release live at the request. */
    config: Config,
    /** A target known by branch or tag only may be rebuilt at what that means today. */
    acceptMovedRef: z.boolean(),
    actor: Actor,
    reason: Text.nullable(),
  }),
  event('Admitted', { fence: Fence }),
  event('StepStarted', { step: EffectName, attempt: Count, run: Count, key: StepKey }),
  /** `retryAt` null: it is not tried again. */
  event('StepFailed', { step: EffectName, attempt: Count, key: StepKey, error: Failure, retryAt: Instant.nullable() }),
  event('ImageProbed', { image: Image, finding: Finding }),
  event('ImageReused', { image: Image }),
  event('ImagePulled', { image: Image, durationMs: DurationMs }),
  event('BuildScheduled', { commit: CommitId, ref: GitRef.nullable() }),
  /** `movedRef` is set when the target had no commit: this is then another release, knowingly accepted. */
  event('RebuildScheduled', { commit: CommitId, reason: RebuildReason, movedRef: GitRef.nullable() }),
  event('Built', { image: Image, commit: CommitId, runnable: z.boolean(), durationMs: DurationMs }),
  event('InstanceStarted', { key: StepKey, instance: Instance, durationMs: DurationMs }),
  event('HealthChecked', {
    healthy: z.boolean(),
    attempts: Count,
    durationMs: DurationMs,
    /** The last answer, in a word. */
    detail: z.string().max(1000),
  }),
  event('Promoted', { previous: DeploymentId.nullable(), fence: Fence, durationMs: DurationMs }),
  event('Retired', { by: DeploymentId }),
  event('InstanceStopped', { key: StepKey }),
  event('CancellationRequested', { actor: Actor, reason: Text.nullable() }),
  event('Cancelled', {}),
  event('Superseded', { by: DeploymentId }),
  event('DeploymentFailed', { step: EffectName.nullable(), error: Failure }),
]);
export type DeploymentEvent = z.infer<typeof DeploymentEvent>;

/** One kind of event by its name. */
export type DeploymentEventOf<Type extends DeploymentEvent['type']> = Extract<DeploymentEvent, { type: Type }>;
