/**
 * One deployment: the facts so far. What they amount to is worked out by `next`; no phase is stored beside them that
 * could disagree.
 */
import type { CommitId, DeploymentId, Fence, Instant, StepKey } from '../identity.ts';
import type { Finding } from '../ports/images.ts';
import type { Instance } from '../ports/runtime.ts';
import type { GitRef, Image, Release, Source, Workload } from '../release.ts';
import type { DeploymentEvent, DeploymentEventOf, EffectName, Failure } from './events.ts';

export type DeploymentRequest = DeploymentEventOf<'DeploymentRequested'> | DeploymentEventOf<'RollbackRequested'>;

/** The image that this attempt will start, or how it is being made. */
export type Acquisition = Readonly<
  { type: 'build'; commit: CommitId; ref: GitRef | null } | { type: 'reuse' | 'pull' }
>;

/** `commit` is what a build proved; null if nothing was built. */
export type AcquiredImage = Readonly<{ image: Image; commit: CommitId | null; runnable: boolean }>;

export type StepUnderWay = Readonly<{ step: EffectName; attempt: number; run: number; key: StepKey }>;

/** How a deployment ended that did not go live. */
export type Ending = 'failed' | 'cancelled' | 'superseded';

/** How long the parts took, for estimates. Null: not done in this deployment. */
export type Durations = Readonly<{
  build: number | null;
  pull: number | null;
  start: number | null;
  health: number | null;
}>;

export type Deployment = Readonly<{
  request: DeploymentRequest | null;
  fence: Fence | null;
  /** Failed attempts of each step: the next attempt is one more. */
  failures: Readonly<Partial<Record<EffectName, number>>>;
  underWay: StepUnderWay | null;
  retryAt: Instant | null;
  finding: Finding | null;
  acquisition: Acquisition | null;
  image: AcquiredImage | null;
  /** Every key under which a start was begun and no stop recorded: something may be running there. */
  begunStarts: readonly StepKey[];
  started: Readonly<{ key: StepKey; instance: Instance }> | null;
  healthy: boolean;
  /** The point of no return: from here on the router may point at this deployment. */
  promotionBegun: boolean;
  promoted: boolean;
  /** A promotion that failed for good; the deployment ends when the traffic is back where it was. */
  failing: Readonly<{ step: EffectName; error: Failure }> | null;
  ending: Ending | null;
  retiredBy: DeploymentId | null;
  /** Cleaning up that was given up; the reaper goes on with it. */
  givenUp: readonly StepKey[];
  durations: Durations;
}>;

export const initialDeployment: Deployment = {
  request: null,
  fence: null,
  failures: {},
  underWay: null,
  retryAt: null,
  finding: null,
  acquisition: null,
  image: null,
  begunStarts: [],
  started: null,
  healthy: false,
  promotionBegun: false,
  promoted: false,
  failing: null,
  ending: null,
  retiredBy: null,
  givenUp: [],
  durations: { build: null, pull: null, start: null, health: null },
};

/** Total: an event is history and is never refused. A new event does not compile until it has a line here. */
export const evolveDeployment = (state: Deployment, event: DeploymentEvent): Deployment => {
  switch (event.type) {
    case 'DeploymentRequested':
    case 'RollbackRequested':
      return { ...state, request: event };
    case 'Admitted':
      return { ...state, fence: event.fence };
    case 'StepStarted':
      return afterStart(state, event);
    case 'StepFailed':
      return afterFailure(state, event);
    case 'ImageProbed':
      return { ...state, underWay: null, retryAt: null, finding: event.finding };
    case 'ImageReused':
      return {
        ...state,
        underWay: null,
        retryAt: null,
        acquisition: { type: 'reuse' },
        image: restored(state, event.image),
      };
    case 'ImagePulled': {
      const durations = { ...state.durations, pull: event.durationMs };
      return {
        ...state,
        underWay: null,
        retryAt: null,
        acquisition: { type: 'pull' },
        image: restored(state, event.image),
        durations,
      };
    }
    case 'BuildScheduled': {
      const { commit, ref } = event;
      return { ...state, underWay: null, retryAt: null, acquisition: { type: 'build', commit, ref } };
    }
    case 'RebuildScheduled': {
      const { commit, movedRef: ref } = event;
      return { ...state, underWay: null, retryAt: null, acquisition: { type: 'build', commit, ref } };
    }
    case 'Built': {
      const { image, commit, runnable, durationMs } = event;
      const durations = { ...state.durations, build: durationMs };
      return { ...state, underWay: null, retryAt: null, image: { image, commit, runnable }, durations };
    }
    case 'InstanceStarted': {
      const { key, instance, durationMs } = event;
      const begunStarts = including(state.begunStarts, key);
      const durations = { ...state.durations, start: durationMs };
      return {
        ...state,
        underWay: null,
        retryAt: null,
        begunStarts,
        started: { key, instance },
        healthy: false,
        durations,
      };
    }
    case 'HealthChecked': {
      const durations = { ...state.durations, health: event.durationMs };
      return { ...state, underWay: null, retryAt: null, healthy: event.healthy, durations };
    }
    case 'Promoted':
      return { ...state, underWay: null, retryAt: null, promoted: true, failing: null };
    case 'Retired':
      return { ...state, retiredBy: event.by };
    case 'InstanceStopped':
      return afterStop(state, event.key);
    case 'CancellationRequested':
      return state;
    case 'Cancelled':
      return { ...state, underWay: null, retryAt: null, failing: null, ending: 'cancelled' };
    case 'Superseded':
      return { ...state, underWay: null, retryAt: null, failing: null, ending: 'superseded' };
    case 'DeploymentFailed':
      return { ...state, underWay: null, retryAt: null, failing: null, ending: 'failed' };
  }
};

const including = (keys: readonly StepKey[], key: StepKey): readonly StepKey[] =>
  keys.includes(key) ? keys : [...keys, key];

const afterStart = (state: Deployment, started: DeploymentEventOf<'StepStarted'>): Deployment => {
  const { step, attempt, run, key } = started;
  return {
    ...state,
    underWay: { step, attempt, run, key },
    retryAt: null,
    promotionBegun: state.promotionBegun || step === 'promote',
    begunStarts: step === 'start' ? including(state.begunStarts, key) : state.begunStarts,
  };
};

const afterStop = (state: Deployment, key: StepKey): Deployment => {
  const stopping = state.underWay?.step === 'stop-instance';
  return {
    ...state,
    underWay: stopping ? null : state.underWay,
    retryAt: stopping ? null : state.retryAt,
    begunStarts: state.begunStarts.filter((one) => one !== key),
    failures: { ...state.failures, 'stop-instance': 0 },
  };
};

const afterFailure = (state: Deployment, failed: DeploymentEventOf<'StepFailed'>): Deployment => {
  const { step, error, key, retryAt } = failed;
  const counted: Deployment = {
    ...state,
    underWay: null,
    retryAt,
    failures: { ...state.failures, [step]: (state.failures[step] ?? 0) + 1 },
  };
  if (retryAt !== null) return imageWentAway(step, error, state.finding) ? withoutImage(counted) : counted;
  if (isCleaning(step))
    return { ...counted, givenUp: including(counted.givenUp, key), failures: { ...counted.failures, [step]: 0 } };
  return state.promotionBegun ? { ...counted, failing: { step, error } } : counted;
};

/** What was built here is built again, at the very same commit; what was found is looked for again. */
const withoutImage = (state: Deployment): Deployment => {
  const nothing = { ...state, image: null, started: null, healthy: false };
  return state.acquisition?.type === 'build' ? nothing : { ...nothing, acquisition: null, finding: null };
};

/** The image was there and is not there any more: back to where it came from. */
export const imageWentAway = (step: EffectName, error: Failure, finding: Finding | null): boolean =>
  (step === 'start' && error.code === 'runtime/image-gone') ||
  (step === 'pull-image' && error.code === 'images/not-found' && finding !== null);

/** Steps that put things in order after the outcome is known. Their failure changes no outcome. */
export const isCleaning = (step: EffectName): boolean => step === 'retire-previous' || step === 'stop-instance';

/** The image of a release that was brought back: it is what its target says it is. */
const restored = ({ request }: Deployment, image: Image): AcquiredImage => {
  const runnable = request?.type === 'RollbackRequested' ? request.target.runnable : true;
  return { image, commit: null, runnable };
};

export const workloadOf = (request: DeploymentRequest): Workload =>
  request.type === 'RollbackRequested' ? request.target.workload : request.workload;

export const sourceOf = (request: DeploymentRequest): Source =>
  request.type === 'RollbackRequested' ? request.target.source : request.source;

export const kindOf = (request: DeploymentRequest): 'deploy' | 'rollback' =>
  request.type === 'RollbackRequested' ? 'rollback' : 'deploy';

/** Set off by a machine rather than by a person who waits for it. */
export const isAutomatic = (request: DeploymentRequest): boolean =>
  request.type === 'DeploymentRequested' && (request.trigger === 'push' || request.trigger === 'schedule');

/** The release that this deployment makes or made; null before it has an image and a fence. */
export const releaseOf = (state: Deployment): Release | null => {
  const { request, fence, image } = state;
  if (request === null || fence === null || image === null) return null;
  return {
    deployment: request.deployment,
    origin: originOf(state, request),
    fence,
    source: provenSource(sourceOf(request), image.commit),
    image: image.image,
    runnable: image.runnable,
    workload: workloadOf(request),
    config: request.config,
  };
};

/** A rebuild at a moved ref is another release than its target, whatever it is called. */
const originOf = ({ acquisition }: Deployment, request: DeploymentRequest): DeploymentId => {
  if (request.type === 'DeploymentRequested') return request.deployment;
  const moved = acquisition?.type === 'build' && acquisition.ref !== null;
  return moved ? request.deployment : request.target.origin;
};

const provenSource = (source: Source, commit: CommitId | null): Source =>
  source.kind === 'git' ? { ...source, commit: commit ?? source.commit } : source;
