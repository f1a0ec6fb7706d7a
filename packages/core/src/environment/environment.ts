/**
 * An environment: the one place where it is decided who may act and who is live. Its state is bounded, however long
 * its history grows; the full history is in its stream.
 */
import { match } from 'ts-pattern';
import type { DeploymentId, Fence, StepKey } from '../identity.ts';
import type { Instance } from '../ports/runtime.ts';
import type { Release } from '../release.ts';
import type { DeploymentKind, EnvironmentEvent } from './events.ts';

/** One that stands in line. `order` grows with every request: whoever has the lower one asked first. */
export type Candidate = Readonly<{
  deployment: DeploymentId;
  kind: DeploymentKind;
  automatic: boolean;
  order: number;
}>;

export type Live = Readonly<{
  release: Release;
  key: StepKey;
  instance: Instance;
  order: number;
  /** Under which the router was last told of this instance. Not the release's own, if a promotion after it failed. */
  routeFence: Fence;
}>;

export type Slot = Readonly<
  Candidate & { fence: Fence } & (
      | { phase: 'taken' }
      | { phase: 'aborting'; restoreFence: Fence }
      | { phase: 'activated'; retiring: Live | null }
    )
>;

export type Environment = Readonly<{
  requests: number;
  fence: number;
  waiting: readonly Candidate[];
  slot: Slot | null;
  live: Live | null;
  /** Who holds automatic deploys back: the rollback after which they must not undo it. */
  heldBy: DeploymentId | null;
  /** The last releases that were live, oldest first; the last one is live now. Older ones are in their own streams. */
  proven: readonly Release[];
}>;

/** How many releases the state remembers. Any older one is still a target by its deployment id. */
export const PROVEN_MAX = 20;

export const initialEnvironment: Environment = {
  requests: 0,
  fence: 0,
  waiting: [],
  slot: null,
  live: null,
  heldBy: null,
  proven: [],
};

/** Total: an event is history and is never refused. */
export const evolveEnvironment = (state: Environment, event: EnvironmentEvent): Environment =>
  match(event)
    .returnType<Environment>()
    .with({ type: 'SlotRequested' }, ({ deployment, kind, automatic }) => {
      const order = state.requests + 1;
      return { ...state, requests: order, waiting: [...state.waiting, { deployment, kind, automatic, order }] };
    })
    .with({ type: 'SlotTaken' }, ({ deployment, fence }) => {
      const candidate = state.waiting.find((one) => one.deployment === deployment);
      if (candidate === undefined) return { ...state, fence };
      return { ...without(state, deployment), fence, slot: { ...candidate, fence, phase: 'taken' } };
    })
    .with({ type: 'SlotAborting' }, ({ restoreFence }) => ({
      ...state,
      fence: restoreFence,
      slot: state.slot && { ...state.slot, phase: 'aborting', restoreFence },
      live: state.live && { ...state.live, routeFence: restoreFence },
    }))
    .with({ type: 'SlotReleased' }, ({ deployment }) => ({
      ...without(state, deployment),
      slot: state.slot?.deployment === deployment ? null : state.slot,
    }))
    .with({ type: 'Activated' }, ({ release, key, instance }) => ({
      ...state,
      slot: state.slot && { ...state.slot, phase: 'activated', retiring: state.live },
      live: { release, key, instance, order: state.slot?.order ?? state.requests, routeFence: release.fence },
      proven: [...state.proven, release].slice(-PROVEN_MAX),
    }))
    .with({ type: 'AutoDeployHeld' }, ({ by }) => ({ ...state, heldBy: by }))
    .with({ type: 'AutoDeployResumed' }, () => ({ ...state, heldBy: null }))
    .exhaustive();

const without = (state: Environment, deployment: DeploymentId): Environment => ({
  ...state,
  waiting: state.waiting.filter((one) => one.deployment !== deployment),
});
