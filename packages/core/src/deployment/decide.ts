import * as E from 'fp-ts/lib/Either.js';
import { match } from 'ts-pattern';
import { type CommitId, type DeploymentId, type Fence, Instant, type StepKey } from '../identity.ts';
import type { BuiltImage } from '../ports/builder.ts';
import type { Finding } from '../ports/images.ts';
import type { Instance } from '../ports/runtime.ts';
import { readable } from '../readable.ts';
import { type Rejection, renderRejection } from '../rejection.ts';
import type { Image } from '../release.ts';
import { decideRestore } from './decide-restore.ts';
import {
  type Deployment,
  type DeploymentRequest,
  imageWentAway,
  isCleaning,
  type StepUnderWay,
  sourceOf,
} from './deployment.ts';
import type { DeploymentEvent, EffectName, Failure } from './events.ts';
import { isDue } from './is-due.ts';
import { backoffMs, RUNS_MAX, type StepPolicy } from './policy.ts';

/** An outcome says of which attempt it is: one of an attempt that is over is refused, whoever brings it. */
type Of = Readonly<{ attempt: number; key: StepKey }>;

export type DeploymentCommand = Readonly<
  | { type: 'Request'; request: DeploymentRequest }
  | { type: 'RecordAdmitted'; fence: Fence }
  | { type: 'BeginStep'; step: StepUnderWay; now: Instant; policy: StepPolicy }
  | (Of & { type: 'RecordResolved'; commit: CommitId })
  | (Of & { type: 'RecordProbe'; finding: Finding })
  | (Of & { type: 'RecordPulled'; image: Image; durationMs: number })
  | (Of & { type: 'RecordBuilt'; built: BuiltImage; durationMs: number })
  | (Of & { type: 'RecordStarted'; instance: Instance; durationMs: number })
  | (Of & { type: 'RecordHealth'; healthy: boolean; attempts: number; durationMs: number; detail: string })
  | { type: 'RecordPromoted'; fence: Fence; previous: DeploymentId | null; durationMs: number }
  | (Of & { type: 'RecordRestored' })
  | (Of & { type: 'RecordFailure'; step: EffectName; error: Failure; now: Instant; policy: StepPolicy })
  | { type: 'RecordStopped'; key: StepKey }
  | { type: 'Retire'; by: DeploymentId; key: StepKey }
  | { type: 'Cancel'; actor: string; reason: string | null }
  | { type: 'Supersede'; by: DeploymentId }
>;

type Outcome = E.Either<Rejection, readonly DeploymentEvent[]>;
type Command<Type extends DeploymentCommand['type']> = Extract<DeploymentCommand, { type: Type }>;

const nothing: Outcome = E.right([]);

/** A command that was already carried out succeeds with no events: a second click is not an error. */
export const decideDeployment = (command: DeploymentCommand, state: Deployment): Outcome => {
  if (command.type === 'Request') return decideRequest(command.request, state);
  const { request } = state;
  if (request === null) return E.left({ code: 'NotRequested' });

  switch (command.type) {
    case 'RecordAdmitted':
      return decideAdmitted(command.fence, request, state);
    case 'BeginStep':
      return decideBegin(command, request, state);
    case 'RecordResolved':
      return late('resolve-source', command, state) ?? E.right([scheduled(command.commit, request, state)]);
    case 'RecordProbe':
      return late('probe-image', command, state) ?? E.right(afterProbe(command.finding, request));
    case 'RecordPulled':
      return late('pull-image', command, state) ?? E.right([afterPull(command, request)]);
    case 'RecordBuilt':
      return late('build', command, state) ?? E.right(afterBuild(command, state));
    case 'RecordStarted': {
      const { key, instance, durationMs } = command;
      return late('start', command, state) ?? E.right([{ type: 'InstanceStarted', key, instance, durationMs }]);
    }
    case 'RecordHealth':
      return late('check-health', command, state) ?? E.right(afterHealth(command));
    case 'RecordPromoted':
      return decidePromoted(command, state);
    case 'RecordRestored':
      return late('restore-traffic', command, state) ?? E.right([afterRestoring(state)]);
    case 'RecordFailure':
      return late(command.step, command, state) ?? E.right(afterFailure(command.step, command.attempt, command, state));
    case 'RecordStopped':
      return state.begunStarts.includes(command.key) ? E.right([stopped(command.key)]) : nothing;
    case 'Retire':
      return state.retiredBy === null ? E.right([{ type: 'Retired', by: command.by }, stopped(command.key)]) : nothing;
    case 'Cancel':
      return decideCancel(command, request, state);
    case 'Supersede': {
      const waits = state.ending === null && state.fence === null;
      return waits ? E.right([{ type: 'Superseded', by: command.by }]) : nothing;
    }
  }
};

const decideRequest = (request: DeploymentRequest, state: Deployment): Outcome => {
  if (state.request === null) return E.right([request]);
  return sameRequest(state.request, request)
    ? nothing
    : E.left({ code: 'CommandReused', deployment: state.request.deployment });
};

/** Equal in all that was asked for. Who asked and why may differ between two copies of one click. */
export const sameRequest = (a: DeploymentRequest, b: DeploymentRequest): boolean => essence(a) === essence(b);

const essence = (request: DeploymentRequest): string =>
  request.type === 'DeploymentRequested'
    ? canonical([request.type, request.environment, request.source, request.workload, request.config])
    : canonical([
        request.type,
        request.environment,
        request.target.deployment,
        request.configMode,
        request.acceptMovedRef,
      ]);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** Once only: what went live or ended never comes back to the slot. What needs no look at the world is decided now. */
const decideAdmitted = (fence: Fence, request: DeploymentRequest, state: Deployment): Outcome => {
  if (state.ending !== null || state.promoted || state.fence === fence) return nothing;
  if (state.fence !== null) return E.left({ code: 'StaleFence', held: state.fence, shown: fence });
  return E.right([{ type: 'Admitted', fence }, ...scheduledAtOnce(request)]);
};

const scheduledAtOnce = (request: DeploymentRequest): readonly DeploymentEvent[] => {
  if (request.type === 'DeploymentRequested') {
    const { source } = request;
    return source.kind === 'git' && source.commit !== null
      ? [{ type: 'BuildScheduled', commit: source.commit, ref: null }]
      : [];
  }
  const { target, acceptMovedRef } = request;
  const decision = decideRestore({ target, finding: null, acceptMovedRef });
  if (decision.type === 'Refuse') return [noWayBack(null, target.deployment, decision.reason)];
  if (decision.type !== 'Rebuild') return [];
  const { commit, reason } = decision;
  return [{ type: 'RebuildScheduled', commit, reason, movedRef: null }];
};

const noWayBack = (step: EffectName | null, target: DeploymentId, reason: 'no-source' | 'moved-ref'): DeploymentEvent =>
  failed(step, refusal({ code: 'NoWayBack', target, reason }));

/** Intent before effect: after an ending nothing new is begun, other than cleaning up. */
const decideBegin = (begin: Command<'BeginStep'>, request: DeploymentRequest, state: Deployment): Outcome => {
  const { step, attempt, run, key } = begin.step;
  const over = state.ending !== null || state.promoted;
  if (over && !isCleaning(step))
    return E.left({ code: 'AlreadyEnded', deployment: request.deployment, outcome: state.ending ?? 'live' });
  if (attempt !== (state.failures[step] ?? 0) + 1 || !isDue(step, key, state))
    return E.left({ code: 'StaleOutcome', step, attempt });
  const { underWay } = state;
  if (underWay?.step === step && underWay.key === key && underWay.run >= run) return nothing;
  if (run <= RUNS_MAX || begin.policy.attemptsMax === null)
    return E.right([{ type: 'StepStarted', step, attempt, run, key }]);
  const error: Failure = {
    kind: 'transient',
    code: 'engine/abandoned',
    message: `${RUNS_MAX} workers began ${step} and none of them came back with an outcome.`,
  };
  return E.right(afterFailure(step, attempt, { key, error, now: begin.now, policy: begin.policy }, state));
};

/** An outcome counts only for the attempt that is under way: a late one, of another worker, is not believed. */
const late = (step: EffectName, of: Of, { underWay }: Deployment): Outcome | null =>
  underWay?.step === step && underWay.attempt === of.attempt && underWay.key === of.key
    ? null
    : E.left({ code: 'StaleOutcome', step, attempt: of.attempt });

const decidePromoted = ({ fence, previous, durationMs }: Command<'RecordPromoted'>, state: Deployment): Outcome => {
  if (state.promoted) return nothing;
  if (state.fence !== fence) return E.left({ code: 'StaleFence', held: state.fence, shown: fence });
  return E.right([{ type: 'Promoted', previous, fence, durationMs }]);
};

const stopped = (key: StepKey): DeploymentEvent => ({ type: 'InstanceStopped', key });

const scheduled = (commit: CommitId, request: DeploymentRequest, state: Deployment): DeploymentEvent => {
  const source = sourceOf(request);
  const ref = source.kind === 'git' ? source.ref : null;
  if (request.type === 'DeploymentRequested') return { type: 'BuildScheduled', commit, ref };
  const decision = decideRestore({ ...request, finding: state.finding });
  const reason = decision.type === 'RebuildAtRef' ? decision.reason : 'pruned';
  return { type: 'RebuildScheduled', commit, reason, movedRef: ref };
};

const afterProbe = (finding: Finding, request: DeploymentRequest): readonly DeploymentEvent[] => {
  if (request.type !== 'RollbackRequested') return [];
  const { target, acceptMovedRef } = request;
  const probed: DeploymentEvent = { type: 'ImageProbed', image: target.image, finding };
  const decision = decideRestore({ target, finding, acceptMovedRef });
  return match(decision)
    .returnType<readonly DeploymentEvent[]>()
    .with({ type: 'Reuse' }, ({ image }) => [probed, { type: 'ImageReused', image }])
    .with({ type: 'Rebuild' }, ({ commit, reason }) => [
      probed,
      { type: 'RebuildScheduled', commit, reason, movedRef: null },
    ])
    .with({ type: 'Refuse' }, ({ reason }) => [probed, noWayBack('probe-image', target.deployment, reason)])
    .with({ type: 'Pull' }, { type: 'RebuildAtRef' }, { type: 'Probe' }, () => [probed])
    .exhaustive();
};

/** What was pulled for a rollback is the target's very image, or it goes nowhere. */
const afterPull = ({ image, durationMs }: Command<'RecordPulled'>, request: DeploymentRequest): DeploymentEvent => {
  const ordered = request.type === 'RollbackRequested' ? request.target.image.digest : image.digest;
  return image.digest === ordered
    ? { type: 'ImagePulled', image, durationMs }
    : failed('pull-image', refusal({ code: 'DigestMismatch', ordered, pulled: image.digest }));
};

/** A build must prove itself: what the image says of its commit is what was ordered, or it goes nowhere. */
const afterBuild = ({ built, durationMs }: Command<'RecordBuilt'>, state: Deployment): readonly DeploymentEvent[] => {
  const ordered = state.acquisition?.type === 'build' ? state.acquisition.commit : null;
  if (ordered === null || built.commit !== ordered)
    return [failed('build', refusal({ code: 'CommitMismatch', ordered: ordered ?? 'none', built: built.commit }))];
  return [{ type: 'Built', image: built.image, commit: built.commit, runnable: built.runnable, durationMs }];
};

const afterHealth = (of: Command<'RecordHealth'>): readonly DeploymentEvent[] => {
  const { healthy, attempts, durationMs } = of;
  const detail = readable(of.detail, 1000);
  const checked: DeploymentEvent = { type: 'HealthChecked', healthy, attempts, durationMs, detail };
  if (healthy) return [checked];
  const message = `It did not become healthy: ${detail}, after ${attempts} checks in ${durationMs} ms.`;
  const error: Failure = { kind: 'permanent', code: 'health/unhealthy', message };
  return [checked, { type: 'DeploymentFailed', step: 'check-health', error }];
};

const afterRestoring = (state: Deployment): DeploymentEvent => {
  const error: Failure = { kind: 'permanent', code: 'engine/aborted', message: 'The promotion was aborted.' };
  const { step, error: why } = state.failing ?? { step: 'promote', error };
  return { type: 'DeploymentFailed', step, error: why };
};

type FailureOf = Readonly<{ key: StepKey; error: Failure; now: Instant; policy: StepPolicy }>;

const afterFailure = (
  step: EffectName,
  attempt: number,
  { key, error: told, now, policy }: FailureOf,
  state: Deployment,
): readonly DeploymentEvent[] => {
  const error: Failure = { ...told, message: readable(told.message, 4000) };
  const wentAway = imageWentAway(step, error, state.finding);
  const mayPass = error.kind === 'transient' || wentAway || policy.attemptsMax === null;
  const again = mayPass && (policy.attemptsMax === null || attempt < policy.attemptsMax);
  const retryAt = again ? Instant.parse(now + (wentAway ? 0 : backoffMs(policy, attempt))) : null;
  const stepFailed: DeploymentEvent = { type: 'StepFailed', step, attempt, key, error, retryAt };
  const ends = retryAt === null && !isCleaning(step) && !state.promotionBegun;
  return ends ? [stepFailed, { type: 'DeploymentFailed', step, error }] : [stepFailed];
};

const decideCancel = (cancel: Command<'Cancel'>, request: DeploymentRequest, state: Deployment): Outcome => {
  const { deployment } = request;
  if (state.ending === 'cancelled') return nothing;
  if (state.ending !== null) return E.left({ code: 'AlreadyEnded', deployment, outcome: state.ending });
  if (state.promotionBegun) return E.left({ code: 'PromotionStarted', deployment });
  const { actor, reason } = cancel;
  return E.right([{ type: 'CancellationRequested', actor, reason }, { type: 'Cancelled' }]);
};

const failed = (step: EffectName | null, error: Failure): DeploymentEvent => ({
  type: 'DeploymentFailed',
  step,
  error,
});

const refusal = (rejection: Rejection): Failure => ({
  kind: 'permanent',
  code: rejection.code,
  message: renderRejection(rejection).message,
});
