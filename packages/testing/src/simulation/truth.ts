/**
 * What the log says, added up a second time: by its own small fold, so that a mistake in the library's own cannot hide
 * itself. Kept up to date before any invariant looks.
 */
import {
  type DeploymentEvent,
  DeploymentId,
  type DeploymentRequest,
  type Digest,
  deploymentEvents,
  type EnvironmentEvent,
  EnvironmentId,
  environmentEvents,
  type Fence,
  type InstanceId,
  type StepKey,
  type StoredEvent,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Fact } from './facts.ts';

export type DeploymentTruth = {
  readonly id: DeploymentId;
  readonly request: DeploymentRequest;
  /** Where in the whole log it was asked for. */
  readonly askedAt: number;
  fence: Fence | null;
  /** `step key` of every step that was announced. */
  readonly intents: Set<string>;
  /** Every image that it acquired, and how. */
  readonly images: Map<Digest, 'build' | 'reuse' | 'pull'>;
  scheduled: string | null;
  instance: Readonly<{ key: StepKey; id: InstanceId }> | null;
  /** Under which keys an instance was found healthy, as the deployment recorded it. */
  readonly healthy: Set<StepKey>;
  promoted: boolean;
  ending: 'failed' | 'cancelled' | 'superseded' | null;
  retired: boolean;
  events: number;
};

export type LiveTruth = Readonly<{
  deployment: DeploymentId;
  key: StepKey;
  instance: InstanceId;
  fence: Fence;
  digest: Digest;
  turn: number;
}>;

export type EnvironmentTruth = {
  readonly id: EnvironmentId;
  fence: number;
  slot: { deployment: DeploymentId; fence: Fence; restoreFence: Fence | null } | null;
  live: LiveTruth | null;
  /** Under which fence the router was last meant to point at what is live. */
  routeFence: number;
  /** Who stood in line, and when. */
  readonly turns: Map<DeploymentId, number>;
  readonly waiting: Set<DeploymentId>;
  /** Was live, and is not stopped yet: who replaced it. */
  readonly retiring: Map<DeploymentId, DeploymentId>;
  held: boolean;
  readonly wasLive: Set<DeploymentId>;
};

export type Truth = Readonly<{
  deployments: ReadonlyMap<DeploymentId, DeploymentTruth>;
  environments: ReadonlyMap<EnvironmentId, EnvironmentTruth>;
  /** An event as it becomes a fact; what cannot be read is told. */
  take(stored: StoredEvent, by: string): E.Either<string, Extract<Fact, { type: 'appended' }>>;
}>;

export const createTruth = (): Truth => {
  const deployments = new Map<DeploymentId, DeploymentTruth>();
  const environments = new Map<EnvironmentId, EnvironmentTruth>();
  return {
    deployments,
    environments,
    take: (stored, by) => {
      const codec = stored.stream.startsWith('deployment-') ? deploymentEvents : environmentEvents;
      const decoded: E.Either<{ message: string }, DeploymentEvent | EnvironmentEvent> = codec.decode(stored);
      if (E.isLeft(decoded)) return E.left(decoded.left.message);
      const event = decoded.right;
      const id = stored.stream.slice(stored.stream.indexOf('-') + 1);
      if (stored.stream.startsWith('environment-')) addToEnvironment(environments, id, event, Number(stored.position));
      else addToDeployment(deployments, id, event, Number(stored.position));
      return E.right({ type: 'appended', stored, event, json: JSON.stringify(stored), by });
    },
  };
};

type AnyEvent = DeploymentEvent | EnvironmentEvent;

const addToDeployment = (all: Map<DeploymentId, DeploymentTruth>, id: string, event: AnyEvent, at: number): void => {
  if (event.type === 'DeploymentRequested' || event.type === 'RollbackRequested') {
    all.set(event.deployment, fresh(event, at));
    return;
  }
  const truth = all.get(DeploymentId.parse(id));
  if (truth === undefined) return;
  truth.events++;
  switch (event.type) {
    case 'Admitted':
      truth.fence = event.fence;
      break;
    case 'StepStarted':
      truth.intents.add(`${event.step} ${event.key}`);
      break;
    case 'BuildScheduled':
    case 'RebuildScheduled':
      truth.scheduled = event.commit;
      break;
    case 'ImageReused':
      truth.images.set(event.image.digest, 'reuse');
      break;
    case 'ImagePulled':
      truth.images.set(event.image.digest, 'pull');
      break;
    case 'Built':
      truth.images.set(event.image.digest, 'build');
      break;
    case 'InstanceStarted':
      truth.instance = { key: event.key, id: event.instance.id };
      break;
    case 'HealthChecked':
      if (event.healthy && truth.instance) truth.healthy.add(truth.instance.key);
      break;
    case 'Promoted':
      truth.promoted = true;
      break;
    case 'Retired':
      truth.retired = true;
      break;
    case 'DeploymentFailed':
      truth.ending = 'failed';
      break;
    case 'Cancelled':
      truth.ending = 'cancelled';
      break;
    case 'Superseded':
      truth.ending = 'superseded';
      break;
    default:
      break;
  }
};

const fresh = (request: DeploymentRequest, askedAt: number): DeploymentTruth => ({
  id: request.deployment,
  request,
  askedAt,
  fence: null,
  intents: new Set(),
  images: new Map(),
  scheduled: null,
  instance: null,
  healthy: new Set(),
  promoted: false,
  ending: null,
  retired: false,
  events: 1,
});

const addToEnvironment = (
  all: Map<EnvironmentId, EnvironmentTruth>,
  name: string,
  event: AnyEvent,
  at: number,
): void => {
  const truth = all.get(EnvironmentId.parse(name)) ?? opened(all, name);
  switch (event.type) {
    case 'SlotRequested':
      truth.turns.set(event.deployment, at);
      truth.waiting.add(event.deployment);
      break;
    case 'SlotTaken':
      truth.slot = { deployment: event.deployment, fence: event.fence, restoreFence: null };
      truth.fence = event.fence;
      truth.waiting.delete(event.deployment);
      break;
    case 'SlotAborting':
      truth.fence = event.restoreFence;
      truth.routeFence = event.restoreFence;
      if (truth.slot) truth.slot.restoreFence = event.restoreFence;
      break;
    case 'SlotReleased':
      if (truth.slot?.deployment === event.deployment) truth.slot = null;
      truth.waiting.delete(event.deployment);
      for (const [replaced, by] of truth.retiring) if (by === event.deployment) truth.retiring.delete(replaced);
      break;
    case 'Activated': {
      const { release, key, instance } = event;
      const { deployment, fence } = release;
      if (truth.live) truth.retiring.set(truth.live.deployment, deployment);
      const turn = truth.turns.get(deployment) ?? -1;
      truth.live = { deployment, key, instance: instance.id, fence, digest: release.image.digest, turn };
      truth.routeFence = fence;
      truth.slot = null;
      truth.wasLive.add(deployment);
      break;
    }
    case 'AutoDeployHeld':
      truth.held = true;
      break;
    case 'AutoDeployResumed':
      truth.held = false;
      break;
    default:
      break;
  }
};

const opened = (all: Map<EnvironmentId, EnvironmentTruth>, name: string): EnvironmentTruth => {
  const truth: EnvironmentTruth = {
    id: EnvironmentId.parse(name),
    fence: 0,
    slot: null,
    live: null,
    routeFence: 0,
    turns: new Map(),
    waiting: new Set(),
    retiring: new Map(),
    held: false,
    wasLive: new Set(),
  };
  all.set(truth.id, truth);
  return truth;
};
