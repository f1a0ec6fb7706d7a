/**
 * What is owed now. Level-triggered: it looks at where things are, never at which message arrived, so a crash at any
 * point is only a later call with the same facts.
 */
import { turnOf } from '../environment/admission.ts';
import { isOwed } from '../environment/decide.ts';
import { type Environment, type Live, type Slot, wasLive } from '../environment/environment.ts';
import { type CommitId, type DeploymentId, type Fence, type Instant, StepKey } from '../identity.ts';
import type { Address, Instance } from '../ports/runtime.ts';
import type { BuildInputs, Config, GitSource, Image, ImageReference, Release, RunSpec } from '../release.ts';
import { decideRestore } from './decide-restore.ts';
import { type Deployment, type DeploymentRequest, releaseOf, sourceOf, workloadOf } from './deployment.ts';
import type { EffectName } from './events.ts';

/** An effect and the name under which it is done. Whoever does it again under this key finds what was done. */
type Keyed<Name extends EffectName> = Readonly<{ effect: Name; attempt: number; run: number; key: StepKey }>;

export type Effect = Readonly<
  | (Keyed<'resolve-source'> & { type: 'ResolveSource'; source: GitSource })
  | (Keyed<'probe-image'> & { type: 'ProbeImage'; image: Image })
  | (Keyed<'pull-image'> & { type: 'PullImage'; image: Image | ImageReference })
  | (Keyed<'build'> & { type: 'Build'; source: GitSource; commit: CommitId; inputs: BuildInputs })
  | (Keyed<'start'> & { type: 'Start'; image: Image; inputs: BuildInputs; spec: RunSpec; config: Config })
  | (Keyed<'check-health'> & { type: 'CheckHealth'; instanceKey: StepKey; address: Address; spec: RunSpec })
  | (Keyed<'promote'> & { type: 'Promote'; release: Release; instanceKey: StepKey; instance: Instance; spec: RunSpec })
  | (Keyed<'restore-traffic'> & { type: 'RestoreTraffic'; upstream: Instance | null; fence: Fence })
  | (Keyed<'retire-previous'> & { type: 'RetirePrevious'; previous: Live })
  | (Keyed<'stop-instance'> & { type: 'StopInstance'; graceMs: number })
>;

/** What moves only the streams. Guarded by their versions, it needs no intent and no key. */
export type Bookkeeping = Readonly<
  | { type: 'Admit' }
  /** Asks an older holder of the slot to give way to this rollback. */
  | { type: 'Preempt'; holder: DeploymentId }
  | { type: 'Supersede'; by: DeploymentId }
  | { type: 'AbortPromotion'; fence: Fence }
  /** The environment says that this deployment is live: write it into its own stream. */
  | { type: 'Activate'; fence: Fence; previous: DeploymentId | null }
  | { type: 'ReleaseSlot' }
>;

export type Step = Readonly<
  | Effect
  | Bookkeeping
  /** `until` null: until somebody else is done, or says go. */
  | { type: 'Wait'; until: Instant | null; behind: DeploymentId | null }
  | { type: 'Done' }
>;

const done: Step = { type: 'Done' };

export const next = (deployment: Deployment, environment: Environment, now: Instant): Step => {
  const { request, fence, retryAt } = deployment;
  if (request === null) return done;
  const { slot } = environment;
  if (fence !== null && wasActivated(deployment, request, environment))
    return { type: 'Activate', fence, previous: retiringBy(request, environment)?.release.deployment ?? null };
  if (retryAt !== null && retryAt > now) return { type: 'Wait', until: retryAt, behind: null };
  if (deployment.ending !== null) return cleanUp(deployment, request, environment);
  if (deployment.promoted) return finish(deployment, request, environment);

  if (slot?.deployment !== request.deployment || fence === null) return admission(request, environment);
  if (deployment.failing !== null || slot.phase === 'aborting') return abort(deployment, request, slot, environment);

  const current = currentStartKey(deployment, request);
  const leftover = deployment.begunStarts.find((key) => key !== current && !deployment.givenUp.includes(key));
  if (leftover !== undefined) return stop(deployment, request, leftover);
  return acquire(deployment, request) ?? serve(deployment, request);
};

/** The environment says that it went live, its own stream does not yet. Another one may even be live by now. */
const wasActivated = (deployment: Deployment, request: DeploymentRequest, environment: Environment): boolean =>
  !deployment.promoted &&
  deployment.ending === null &&
  (deployment.retiredBy !== null || wasLive(request.deployment, environment));

const retiringBy = ({ deployment }: DeploymentRequest, { retiring }: Environment): Live | null =>
  retiring.find(({ by }) => by === deployment)?.previous ?? null;

const admission = (request: DeploymentRequest, environment: Environment): Step => {
  const candidate = environment.waiting.find((one) => one.deployment === request.deployment);
  if (candidate === undefined) return { type: 'Admit' };
  const turn = turnOf(candidate, environment);
  switch (turn.type) {
    case 'Yours':
      return { type: 'Admit' };
    case 'Superseded':
      return { type: 'Supersede', by: turn.by };
    case 'Preempt':
      return { type: 'Preempt', holder: turn.holder };
    case 'Behind':
      return { type: 'Wait', until: null, behind: turn.holder };
    case 'Held':
      return { type: 'Wait', until: null, behind: null };
  }
};

/** The image: as it is, from its registry, or built. Null once it is there. */
const acquire = (deployment: Deployment, request: DeploymentRequest): Step | null => {
  const { acquisition, image } = deployment;
  if (image !== null) return null;
  if (acquisition?.type === 'build') {
    const source = sourceOf(request);
    if (source.kind !== 'git') return null;
    const { commit } = acquisition;
    return { type: 'Build', ...keyed(deployment, request, 'build'), source, commit, inputs: workloadOf(request).build };
  }
  return request.type === 'RollbackRequested' ? restore(deployment, request) : obtain(deployment, request);
};

const obtain = (deployment: Deployment, request: DeploymentRequest): Step => {
  const source = sourceOf(request);
  return source.kind === 'git'
    ? { type: 'ResolveSource', ...keyed(deployment, request, 'resolve-source'), source }
    : { type: 'PullImage', ...keyed(deployment, request, 'pull-image'), image: source.reference };
};

const restore = (
  deployment: Deployment,
  request: Extract<DeploymentRequest, { type: 'RollbackRequested' }>,
): Step | null => {
  const { target, acceptMovedRef } = request;
  const decision = decideRestore({ target, finding: deployment.finding, acceptMovedRef });
  switch (decision.type) {
    case 'Probe':
      return { type: 'ProbeImage', ...keyed(deployment, request, 'probe-image'), image: decision.image };
    case 'Pull':
      return { type: 'PullImage', ...keyed(deployment, request, 'pull-image'), image: decision.image };
    case 'RebuildAtRef':
      return target.source.kind === 'git'
        ? { type: 'ResolveSource', ...keyed(deployment, request, 'resolve-source'), source: target.source }
        : null;
    case 'Reuse':
    case 'Rebuild':
    case 'Refuse':
      return null;
  }
};

const serve = (deployment: Deployment, request: DeploymentRequest): Step => {
  const { started, healthy } = deployment;
  const release = releaseOf(deployment);
  if (release === null) return done;
  const { build: inputs, run: spec } = workloadOf(request);
  if (started === null) {
    const { image, config } = release;
    return { type: 'Start', ...keyed(deployment, request, 'start'), image, inputs, spec, config };
  }
  const { key: instanceKey, instance } = started;
  if (!healthy) {
    const { address } = instance;
    return { type: 'CheckHealth', ...keyed(deployment, request, 'check-health'), instanceKey, address, spec };
  }
  return { type: 'Promote', ...keyed(deployment, request, 'promote'), release, instanceKey, instance, spec };
};

/** A promotion that failed: the environment says so first, then the traffic goes back, then the slot is free. */
const abort = (deployment: Deployment, request: DeploymentRequest, slot: Slot, environment: Environment): Step => {
  if (slot.phase !== 'aborting') return { type: 'AbortPromotion', fence: slot.fence };
  const upstream = environment.live?.instance ?? null;
  const restoring = keyed(deployment, request, 'restore-traffic');
  return { type: 'RestoreTraffic', ...restoring, upstream, fence: slot.restoreFence };
};

/** It is over: what it started is stopped, and the slot is free. */
const cleanUp = (deployment: Deployment, request: DeploymentRequest, environment: Environment): Step => {
  const leftover = deployment.begunStarts.find((key) => !deployment.givenUp.includes(key));
  if (leftover !== undefined) return stop(deployment, request, leftover);
  return isOwed(request.deployment, environment) ? { type: 'ReleaseSlot' } : done;
};

/** It is live: the one before it retires. The slot is free meanwhile, so that no rollback waits for a drain. */
const finish = (deployment: Deployment, request: DeploymentRequest, environment: Environment): Step => {
  const retiring = retiringBy(request, environment);
  if (retiring !== null && !deployment.givenUp.includes(retiring.key))
    return { type: 'RetirePrevious', ...named(deployment, 'retire-previous', retiring.key), previous: retiring };
  return isOwed(request.deployment, environment) ? { type: 'ReleaseSlot' } : done;
};

const stop = (deployment: Deployment, request: DeploymentRequest, instanceKey: StepKey): Step => {
  const { stopGraceMs } = workloadOf(request).run;
  return { type: 'StopInstance', ...named(deployment, 'stop-instance', instanceKey), graceMs: stopGraceMs };
};

const currentStartKey = (deployment: Deployment, request: DeploymentRequest): StepKey =>
  deployment.started?.key ?? keyed(deployment, request, 'start').key;

const attemptOf = (deployment: Deployment, effect: EffectName): number => (deployment.failures[effect] ?? 0) + 1;

/** An effect that makes something new: its key is its own. */
const keyed = <Name extends EffectName>(deployment: Deployment, request: DeploymentRequest, effect: Name) =>
  named(deployment, effect, StepKey.parse(`${request.deployment}-${effect}-${attemptOf(deployment, effect)}`));

/** An effect on something that has a key already. */
const named = <Name extends EffectName>(deployment: Deployment, effect: Name, key: StepKey): Keyed<Name> => {
  const attempt = attemptOf(deployment, effect);
  const { underWay } = deployment;
  const again = underWay?.step === effect && underWay.key === key;
  return { effect, attempt, run: again ? underWay.run + 1 : 1, key };
};
