import * as E from 'fp-ts/lib/Either.js';
import { match } from 'ts-pattern';
import { type DeploymentId, Fence, type StepKey } from '../identity.ts';
import type { Instance } from '../ports/runtime.ts';
import { readable } from '../readable.ts';
import type { Rejection } from '../rejection.ts';
import type { Release } from '../release.ts';
import { turnOf } from './admission.ts';
import { type Candidate, type Environment, isOver, wasLive } from './environment.ts';
import type { DeploymentKind, EnvironmentEvent } from './events.ts';

export type EnvironmentCommand = Readonly<
  /** Stands in line, and leaves the rest to a worker. */
  | { type: 'StandInLine'; deployment: DeploymentId; kind: DeploymentKind; automatic: boolean }
  /** Stands in line, and takes the slot if it is this deployment's turn. */
  | { type: 'Admit'; deployment: DeploymentId; kind: DeploymentKind; automatic: boolean }
  | { type: 'Activate'; release: Release; key: StepKey; instance: Instance; kind: DeploymentKind }
  | { type: 'Abort'; deployment: DeploymentId; fence: Fence; reason: string }
  | { type: 'Release'; deployment: DeploymentId }
  | { type: 'ResumeAutoDeploy'; actor: string }
>;

type Outcome = E.Either<Rejection, readonly EnvironmentEvent[]>;

/** A command that was already carried out succeeds with no events. */
export const decideEnvironment = (command: EnvironmentCommand, state: Environment): Outcome =>
  match(command)
    .returnType<Outcome>()
    .with({ type: 'StandInLine' }, ({ deployment, kind, automatic }) => {
      if (isOwed(deployment, state) || isOver(deployment, state)) return E.right([]);
      return E.right([{ type: 'SlotRequested', deployment, kind, automatic }]);
    })
    .with({ type: 'Admit' }, ({ deployment, kind, automatic }) => {
      if (state.slot?.deployment === deployment) return E.right([]);
      if (isOver(deployment, state))
        return E.left({ code: 'AlreadyEnded', deployment, outcome: 'it had its turn in the environment' });
      const inLine = state.waiting.find((one) => one.deployment === deployment);
      const candidate = inLine ?? { deployment, kind, automatic, order: state.requests + 1 };
      const requested: readonly EnvironmentEvent[] = inLine
        ? []
        : [{ type: 'SlotRequested', deployment, kind, automatic }];
      return E.right([...requested, ...taken(candidate, state)]);
    })
    .with({ type: 'Activate' }, ({ release, key, instance, kind }) => {
      const { slot, live } = state;
      const { deployment, fence } = release;
      if (wasLive(deployment, state)) return E.right([]);
      if (slot?.deployment !== deployment || slot.fence !== fence || slot.phase !== 'taken')
        return staleFence(state, fence);
      const previous = live?.release.deployment ?? null;
      const activated: EnvironmentEvent = { type: 'Activated', release, key, instance, previous, kind };
      return E.right(kind === 'rollback' ? [activated, { type: 'AutoDeployHeld', by: deployment }] : [activated]);
    })
    .with({ type: 'Abort' }, ({ deployment, fence, reason }) => {
      const { slot } = state;
      if (slot?.deployment !== deployment || slot.fence !== fence) return staleFence(state, fence);
      if (slot.phase === 'aborting') return E.right([]);
      const restoreFence = Fence.parse(state.fence + 1);
      return E.right([{ type: 'SlotAborting', deployment, fence, restoreFence, reason: readable(reason, 1000) }]);
    })
    .with({ type: 'Release' }, ({ deployment }) => {
      return E.right(isOwed(deployment, state) ? [{ type: 'SlotReleased', deployment }] : []);
    })
    .with({ type: 'ResumeAutoDeploy' }, ({ actor }) =>
      E.right(state.heldBy === null ? [] : [{ type: 'AutoDeployResumed', actor }]),
    )
    .exhaustive();

/** Whether the environment still knows of something that this deployment has to do or to give back. */
export const isOwed = (deployment: DeploymentId, { slot, waiting, retiring }: Environment): boolean =>
  slot?.deployment === deployment ||
  waiting.some((one) => one.deployment === deployment) ||
  retiring.some(({ by }) => by === deployment);

const taken = (candidate: Candidate, state: Environment): readonly EnvironmentEvent[] => {
  const turn = turnOf(candidate, state);
  if (turn.type !== 'Yours') return [];
  return [{ type: 'SlotTaken', deployment: candidate.deployment, fence: Fence.parse(state.fence + 1) }];
};

const staleFence = (state: Environment, shown: Fence): Outcome =>
  E.left({ code: 'StaleFence', held: state.slot?.fence ?? null, shown });
