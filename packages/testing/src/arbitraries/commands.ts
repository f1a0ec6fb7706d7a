import {
  type Deployment,
  type DeploymentCommand,
  defaultPolicy,
  type Environment,
  type EnvironmentCommand,
  evolveDeployment,
  evolveEnvironment,
  initialDeployment,
  initialEnvironment,
} from '@recourse/core';
import fc from 'fast-check';
import { deploymentEvent, deploymentKind, deploymentRequest, effectName, environmentEvent, failure } from './events.ts';
import { actor, commitId, deploymentId, fence, hostileText, instant, stepKey, text } from './identity.ts';
import { finding, image, instance, release } from './release.ts';
import { type PerType, typed } from './typed.ts';

const attempt = fc.integer({ min: 1, max: 8 });
const durationMs = fc.integer({ min: 0, max: 10_000_000 });
const of = { attempt, key: stepKey };
const policy = effectName.map((step) => defaultPolicy[step]);
const begun = fc.record({ step: effectName, attempt, run: fc.integer({ min: 1, max: 8 }), key: stepKey });
const built = fc.record({ image, commit: fc.option(commitId), runnable: fc.boolean() });
/** Adapters are not trusted to keep their words short and clean. */
const error = fc
  .record({ failure, message: fc.oneof(text, hostileText) })
  .map(({ failure: known, message }) => ({ ...known, message }));

export const deploymentCommands: PerType<DeploymentCommand> = {
  Request: typed('Request', { request: deploymentRequest }),
  RecordAdmitted: typed('RecordAdmitted', { fence }),
  BeginStep: typed('BeginStep', { step: begun, now: instant, policy }),
  RecordResolved: typed('RecordResolved', { ...of, commit: commitId }),
  RecordProbe: typed('RecordProbe', { ...of, finding }),
  RecordPulled: typed('RecordPulled', { ...of, image, durationMs }),
  RecordBuilt: typed('RecordBuilt', { ...of, built, durationMs }),
  RecordStarted: typed('RecordStarted', { ...of, instance, durationMs }),
  RecordHealth: typed('RecordHealth', {
    ...of,
    healthy: fc.boolean(),
    attempts: attempt,
    durationMs,
    detail: fc.oneof(text, hostileText),
  }),
  RecordPromoted: typed('RecordPromoted', { fence, previous: fc.option(deploymentId), durationMs }),
  RecordRestored: typed('RecordRestored', of),
  RecordFailure: typed('RecordFailure', { ...of, step: effectName, error, now: instant, policy }),
  RecordStopped: typed('RecordStopped', { key: stepKey }),
  Retire: typed('Retire', { by: deploymentId, key: stepKey }),
  Cancel: typed('Cancel', { actor, reason: fc.option(text) }),
  Supersede: typed('Supersede', { by: deploymentId }),
};

export const environmentCommands: PerType<EnvironmentCommand> = {
  StandInLine: typed('StandInLine', { deployment: deploymentId, kind: deploymentKind, automatic: fc.boolean() }),
  Admit: typed('Admit', { deployment: deploymentId, kind: deploymentKind, automatic: fc.boolean() }),
  Activate: typed('Activate', { release, key: stepKey, instance, kind: deploymentKind }),
  Abort: typed('Abort', { deployment: deploymentId, fence, reason: fc.oneof(text, hostileText) }),
  Release: typed('Release', { deployment: deploymentId }),
  ResumeAutoDeploy: typed('ResumeAutoDeploy', { actor }),
};

export const deploymentCommand: fc.Arbitrary<DeploymentCommand> = fc.oneof(...Object.values(deploymentCommands));
export const environmentCommand: fc.Arbitrary<EnvironmentCommand> = fc.oneof(...Object.values(environmentCommands));

/** What any heap of events amounts to, possible or not. */
export const anyDeployment: fc.Arbitrary<Deployment> = fc
  .array(deploymentEvent, { maxLength: 12 })
  .map((events) => events.reduce(evolveDeployment, initialDeployment));

export const anyEnvironment: fc.Arbitrary<Environment> = fc
  .array(environmentEvent, { maxLength: 12 })
  .map((events) => events.reduce(evolveEnvironment, initialEnvironment));
