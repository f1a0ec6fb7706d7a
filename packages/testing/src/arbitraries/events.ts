/** Every event there is, in any order: most histories made of these never happened, and must be survived all the same. */
import {
  type DeploymentEvent,
  DeploymentKind,
  EffectName,
  type EnvironmentEvent,
  type Failure,
  RebuildReason,
  Trigger,
} from '@recourse/core';
import fc from 'fast-check';
import { actor, commitId, deploymentId, environmentId, fence, instant, stepKey, text } from './identity.ts';
import { config, finding, gitRef, image, instance, release, source, workload } from './release.ts';
import { type PerType, typed } from './typed.ts';

const count = fc.integer({ min: 1, max: 8 });
const durationMs = fc.integer({ min: 0, max: 10_000_000 });
const reason = fc.option(text);
export const effectName = fc.constantFrom(...EffectName.options);

export const failure: fc.Arbitrary<Failure> = fc.record({
  kind: fc.constantFrom('transient', 'permanent'),
  code: fc.constantFrom('runtime/image-gone', 'images/not-found', 'router/unreachable', 'builder/failed'),
  message: text,
});

const asked = { deployment: deploymentId, environment: environmentId, config, actor, reason };

export const deploymentEvents: PerType<DeploymentEvent> = {
  DeploymentRequested: typed('DeploymentRequested', {
    ...asked,
    source,
    workload,
    trigger: fc.constantFrom(...Trigger.options),
  }),
  RollbackRequested: typed('RollbackRequested', {
    ...asked,
    target: release,
    configMode: fc.constantFrom('then', 'now'),
    acceptMovedRef: fc.boolean(),
  }),
  Admitted: typed('Admitted', { fence }),
  StepStarted: typed('StepStarted', { step: effectName, attempt: count, run: count, key: stepKey }),
  StepFailed: typed('StepFailed', {
    step: effectName,
    attempt: count,
    key: stepKey,
    error: failure,
    retryAt: fc.option(instant),
  }),
  ImageProbed: typed('ImageProbed', { image, finding }),
  ImageReused: typed('ImageReused', { image }),
  ImagePulled: typed('ImagePulled', { image, durationMs }),
  BuildScheduled: typed('BuildScheduled', { commit: commitId, ref: fc.option(gitRef) }),
  RebuildScheduled: typed('RebuildScheduled', {
    commit: commitId,
    reason: fc.constantFrom(...RebuildReason.options),
    movedRef: fc.option(gitRef),
  }),
  Built: typed('Built', { image, commit: commitId, runnable: fc.boolean(), durationMs }),
  InstanceStarted: typed('InstanceStarted', { key: stepKey, instance, durationMs }),
  HealthChecked: typed('HealthChecked', { healthy: fc.boolean(), attempts: count, durationMs, detail: text }),
  Promoted: typed('Promoted', { previous: fc.option(deploymentId), fence, durationMs }),
  Retired: typed('Retired', { by: deploymentId }),
  InstanceStopped: typed('InstanceStopped', { key: stepKey }),
  CancellationRequested: typed('CancellationRequested', { actor, reason }),
  Cancelled: fc.constant({ type: 'Cancelled' }),
  Superseded: typed('Superseded', { by: deploymentId }),
  DeploymentFailed: typed('DeploymentFailed', { step: fc.option(effectName), error: failure }),
};

export const deploymentKind = fc.constantFrom(...DeploymentKind.options);

export const environmentEvents: PerType<EnvironmentEvent> = {
  SlotRequested: typed('SlotRequested', {
    deployment: deploymentId,
    kind: deploymentKind,
    automatic: fc.boolean(),
  }),
  SlotTaken: typed('SlotTaken', { deployment: deploymentId, fence }),
  SlotAborting: typed('SlotAborting', { deployment: deploymentId, fence, restoreFence: fence, reason: text }),
  SlotReleased: typed('SlotReleased', { deployment: deploymentId }),
  Activated: typed('Activated', {
    release,
    key: stepKey,
    instance,
    previous: fc.option(deploymentId),
    kind: deploymentKind,
  }),
  AutoDeployHeld: typed('AutoDeployHeld', { by: deploymentId }),
  AutoDeployResumed: typed('AutoDeployResumed', { actor }),
};

export const deploymentEvent: fc.Arbitrary<DeploymentEvent> = fc.oneof(...Object.values(deploymentEvents));
export const environmentEvent: fc.Arbitrary<EnvironmentEvent> = fc.oneof(...Object.values(environmentEvents));

export const deploymentRequest = fc.oneof(deploymentEvents.DeploymentRequested, deploymentEvents.RollbackRequested);
