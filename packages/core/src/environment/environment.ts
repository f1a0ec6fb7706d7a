/**
 * An environment: the one place where it is decided who may act and who is live. Its state is bounded, however long
 * its history grows; the full history is in its stream.
 */
import { z } from 'zod';
import { DeploymentId, Fence, StepKey } from '../identity.ts';
import { Instance } from '../ports/runtime.ts';
import { Release } from '../release.ts';
import { DeploymentKind, type EnvironmentEvent } from './events.ts';

const Order = z.int().positive();

/** One that stands in line. `order` grows with every request: whoever has the lower one asked first. */
export const Candidate = z.strictObject({
  deployment: DeploymentId,
  kind: DeploymentKind,
  automatic: z.boolean(),
  order: Order,
});
export type Candidate = Readonly<z.infer<typeof Candidate>>;

export const Live = z.strictObject({
  release: Release,
  key: StepKey,
  instance: Instance,
  order: Order,
  /** Under which the router was last told of this instance. Not the release's own, if a promotion after it failed. */
  routeFence: Fence,
});
export type Live = Readonly<z.infer<typeof Live>>;

const Held = Candidate.extend({ fence: Fence });

export const Slot = z.discriminatedUnion('phase', [
  Held.extend({ phase: z.literal('taken') }),
  Held.extend({ phase: z.literal('aborting'), restoreFence: Fence }),
]);
export type Slot = Readonly<z.infer<typeof Slot>>;

/** Replaced, and to be stopped by the deployment that replaced it when its requests have ended. */
const Retiring = z.strictObject({ by: DeploymentId, previous: Live });
export type Retiring = Readonly<z.infer<typeof Retiring>>;

/** A schema, because a snapshot of it is parsed like everything that comes out of a store. */
export const Environment = z.strictObject({
  requests: z.int().nonnegative(),
  fence: z.int().nonnegative(),
  waiting: z.array(Candidate).readonly(),
  slot: Slot.nullable(),
  live: Live.nullable(),
  retiring: z.array(Retiring).readonly(),
  /** Who holds automatic deploys back: the rollback after which they must not undo it. */
  heldBy: DeploymentId.nullable(),
  /** The last releases that were live, oldest first; the last one is live now. Older ones are in their own streams. */
  proven: z.array(Release).readonly(),
  /** The last that were done here. A worker that slept through it must not stand one of them in line again. */
  released: z.array(DeploymentId).readonly(),
});
export type Environment = Readonly<z.infer<typeof Environment>>;

/** Grows with every change of `Environment` that an older reader would misread. */
export const ENVIRONMENT_SCHEMA = 1;

/** How many releases the state remembers. Any older one is still a target by its deployment id. */
export const PROVEN_MAX = 20;

/** How many of those that are done it remembers. */
export const RELEASED_MAX = 100;

export const initialEnvironment: Environment = {
  requests: 0,
  fence: 0,
  waiting: [],
  slot: null,
  live: null,
  retiring: [],
  heldBy: null,
  proven: [],
  released: [],
};

export const wasLive = (deployment: DeploymentId, { proven }: Environment): boolean =>
  proven.some((release) => release.deployment === deployment);

/** Whether this deployment had its turn: it went live, or was done otherwise. It never gets another one. */
export const isOver = (deployment: DeploymentId, state: Environment): boolean =>
  state.released.includes(deployment) || wasLive(deployment, state);

/** Total: an event is history and is never refused. */
export const evolveEnvironment = (state: Environment, event: EnvironmentEvent): Environment => {
  switch (event.type) {
    case 'SlotRequested': {
      const { deployment, kind, automatic } = event;
      const order = state.requests + 1;
      return { ...state, requests: order, waiting: [...state.waiting, { deployment, kind, automatic, order }] };
    }
    case 'SlotTaken': {
      const { deployment, fence } = event;
      const candidate = state.waiting.find((one) => one.deployment === deployment);
      if (candidate === undefined) return { ...state, fence };
      return { ...without(state, deployment), fence, slot: { ...candidate, fence, phase: 'taken' } };
    }
    case 'SlotAborting': {
      const { restoreFence } = event;
      return {
        ...state,
        fence: restoreFence,
        slot: state.slot && { ...state.slot, phase: 'aborting', restoreFence },
        live: state.live && { ...state.live, routeFence: restoreFence },
      };
    }
    case 'SlotReleased': {
      const { deployment } = event;
      return {
        ...without(state, deployment),
        slot: state.slot?.deployment === deployment ? null : state.slot,
        retiring: state.retiring.filter(({ by }) => by !== deployment),
        released: [...state.released, deployment].slice(-RELEASED_MAX),
      };
    }
    case 'Activated':
      return afterActivation(state, event);
    case 'AutoDeployHeld':
      return { ...state, heldBy: event.by };
    case 'AutoDeployResumed':
      return { ...state, heldBy: null };
  }
};

const afterActivation = (
  state: Environment,
  activated: Extract<EnvironmentEvent, { type: 'Activated' }>,
): Environment => {
  const { release, key, instance } = activated;
  const { live: previous, retiring } = state;
  return {
    ...state,
    slot: null,
    retiring: previous ? [...retiring, { by: release.deployment, previous }] : retiring,
    live: { release, key, instance, order: state.slot?.order ?? state.requests, routeFence: release.fence },
    proven: [...state.proven, release].slice(-PROVEN_MAX),
  };
};

const without = (state: Environment, deployment: DeploymentId): Environment => ({
  ...state,
  waiting: state.waiting.filter((one) => one.deployment !== deployment),
});
