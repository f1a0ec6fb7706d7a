/** Bugs that somebody could make in good faith, each a wrapper around one function of core, and where it is found. */
import {
  CommitId,
  type DeploymentEvent,
  decideDeployment,
  decideEnvironment,
  type EnvironmentEvent,
  evolveEnvironment,
  Fence,
  next,
  type Rejection,
} from '@recourse/core';
import type { Core, Space } from '@recourse/testing';
import * as E from 'fp-ts/lib/Either.js';

export type PlantedBug = Readonly<{
  /** What the code does then. */
  says: string;
  core: Partial<Core>;
  space: Partial<Space>;
  /** What the search says of it. */
  foundAs: RegExp;
}>;

const deploy = { environment: 'shop', kind: 'deploy' } as const;
const rollback = { environment: 'shop', kind: 'rollback' } as const;
const push = { environment: 'shop', kind: 'push' } as const;

type Decided<Event> = E.Either<Rejection, readonly Event[]>;

const insteadOf = <Event>(decided: Decided<Event>, code: Rejection['code'], events: readonly Event[]) =>
  E.isLeft(decided) && decided.left.code === code ? E.right(events) : decided;

const changed = <Event>(decided: Decided<Event>, change: (event: Event) => Event): Decided<Event> =>
  E.map((events: readonly Event[]) => events.map(change))(decided);

/** Wraps the decider of deployments: what it decided, and what it was asked. */
const deployments = (
  change: (
    decided: Decided<DeploymentEvent>,
    ...asked: Parameters<typeof decideDeployment>
  ) => Decided<DeploymentEvent>,
): Partial<Core> => ({
  decideDeployment: (command, state) => change(decideDeployment(command, state), command, state),
});

const environments = (
  change: (
    decided: Decided<EnvironmentEvent>,
    ...asked: Parameters<typeof decideEnvironment>
  ) => Decided<EnvironmentEvent>,
): Partial<Core> => ({
  decideEnvironment: (command, state) => change(decideEnvironment(command, state), command, state),
});

const owed = (change: (step: ReturnType<typeof next>) => ReturnType<typeof next>): Partial<Core> => ({
  next: (deployment, environment, now) => change(next(deployment, environment, now)),
});

export const plantedBugs: readonly PlantedBug[] = [
  {
    says: 'activates whoever asks, whatever fence it shows',
    core: environments((decided, command) =>
      command.type === 'Activate'
        ? insteadOf(decided, 'StaleFence', [{ ...command, type: 'Activated', previous: null }])
        : decided,
    ),
    space: { orders: [deploy], workers: 2, faults: 1 },
    foundAs: /live only from the slot, under its very fence/,
  },
  {
    says: 'promotes what was not healthy',
    core: deployments((decided, command, state) =>
      command.type === 'RecordHealth' ? decideDeployment({ ...command, healthy: true }, state) : decided,
    ),
    space: { orders: [deploy], faults: 1 },
    foundAs: /never healthy/,
  },
  {
    says: 'begins a step after the end',
    core: deployments((decided, command) =>
      command.type === 'BeginStep'
        ? insteadOf(decided, 'AlreadyEnded', [{ type: 'StepStarted', ...command.step }])
        : decided,
    ),
    space: { orders: [deploy], workers: 2 },
    foundAs: /nothing begins after the end/,
  },
  {
    says: 'gives the slot away while it is held',
    core: environments((decided, command, state) =>
      command.type === 'Admit' && state.slot !== null && state.slot.deployment !== command.deployment
        ? E.right([{ type: 'SlotTaken', deployment: command.deployment, fence: Fence.parse(state.fence + 1) }])
        : decided,
    ),
    space: { orders: [deploy, deploy] },
    foundAs: /one holder/,
  },
  {
    says: 'takes a build at its word, whatever commit is in it',
    core: deployments((decided, command, state) =>
      command.type === 'RecordBuilt' && state.acquisition?.type === 'build'
        ? decideDeployment({ ...command, built: { ...command.built, commit: state.acquisition.commit } }, state)
        : decided,
    ),
    space: { orders: [deploy], faults: 1 },
    foundAs: /another commit went live/,
  },
  {
    says: 'takes a promotion back under the fence that it had',
    core: environments((decided) =>
      changed(decided, (event) => (event.type === 'SlotAborting' ? { ...event, restoreFence: event.fence } : event)),
    ),
    space: { orders: [deploy], faults: 1 },
    foundAs: /the fence only grows/,
  },
  {
    says: 'has a router that compares no fences',
    core: { refusesRoute: () => false },
    space: { orders: [deploy], workers: 2, faults: 1 },
    foundAs: /neither is live nor has the slot|older fence/,
  },
  {
    says: 'cancels what is being promoted',
    core: deployments((decided) => insteadOf(decided, 'PromotionStarted', [{ type: 'Cancelled' }])),
    space: { orders: [deploy] },
    foundAs: /had the traffic was stopped|ended otherwise|one ending/,
  },
  {
    says: 'believes a failure of an attempt that is over',
    core: deployments((decided, command) =>
      command.type === 'RecordFailure'
        ? insteadOf(decided, 'StaleOutcome', [{ type: 'DeploymentFailed', step: command.step, error: command.error }])
        : decided,
    ),
    space: { orders: [deploy], workers: 2, faults: 1 },
    foundAs: /one ending|done twice appends twice/,
  },
  {
    says: 'frees the slot before the traffic is back',
    core: owed((step) => (step.type === 'RestoreTraffic' ? { type: 'ReleaseSlot' } : step)),
    space: { orders: [deploy], faults: 1 },
    foundAs: /the traffic is back before an aborted slot is free/,
  },
  {
    says: 'lets a push take the slot after a rollback',
    core: environments((decided, command, state) =>
      command.type === 'Admit' ? decideEnvironment(command, { ...state, heldBy: null }) : decided,
    ),
    space: { history: [deploy, deploy], orders: [rollback, push], interferes: false },
    foundAs: /no push takes the slot/,
  },
  {
    says: 'rebuilds at another commit than the one that was live',
    core: deployments((decided, _, { request }) =>
      changed(decided, (event) =>
        event.type === 'RebuildScheduled' && request?.type === 'RollbackRequested'
          ? { ...event, commit: CommitId.parse('e'.repeat(40)) }
          : event,
      ),
    ),
    space: { history: [deploy, deploy], orders: [rollback], faults: 1 },
    foundAs: /rebuilt only with source/,
  },
  {
    says: 'writes the same thing twice',
    core: deployments((decided, command) =>
      command.type === 'Retire' ? E.right([{ type: 'Retired', by: command.by }]) : decided,
    ),
    space: { history: [deploy], orders: [deploy] },
    foundAs: /Retire done twice/,
  },
  {
    says: 'records what no store can give back',
    core: deployments((decided) =>
      changed(decided, (event) => (event.type === 'HealthChecked' ? { ...event, durationMs: -1 } : event)),
    ),
    space: { orders: [deploy] },
    foundAs: /cannot be recorded/,
  },
  {
    says: 'changes the state that it was given',
    core: {
      evolveEnvironment: (state, event) => {
        if (event.type === 'SlotReleased') Object.assign(state, { slot: null });
        return evolveEnvironment(state, event);
      },
    },
    space: { orders: [deploy] },
    foundAs: /read only/,
  },
  {
    says: 'never gives the slot back',
    core: owed((step) => (step.type === 'ReleaseSlot' ? { type: 'Done' } : step)),
    space: { orders: [deploy], faults: 1 },
    foundAs: /the slot is never free again/,
  },
  {
    says: 'never retires what was replaced',
    core: owed((step) => (step.type === 'RetirePrevious' ? { type: 'Done' } : step)),
    space: { history: [deploy], orders: [deploy] },
    foundAs: /never retired/,
  },
  {
    says: 'is never done',
    core: owed((step) => (step.type === 'Done' ? { type: 'ReleaseSlot' } : step)),
    space: { orders: [deploy] },
    foundAs: /never comes to rest/,
  },
  {
    says: 'leaves running what it started',
    core: {
      next: (deployment, environment, now) =>
        next(deployment.ending === null ? deployment : { ...deployment, begunStarts: [] }, environment, now),
    },
    space: { orders: [deploy] },
    foundAs: /left running/,
  },
];
