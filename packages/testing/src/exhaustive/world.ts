/** One state of the space: the folded streams, what is true outside, and what each worker is in the middle of. */
import {
  type Deployment,
  type DeploymentCommand,
  DeploymentId,
  type Digest,
  type Effect,
  type Environment,
  EnvironmentId,
  type Finding,
  type Instance,
  initialDeployment,
  initialEnvironment,
  type Route,
  type Step,
  type StepKey,
} from '@recourse/core';
import type { Order, Space } from './space.ts';

/** Known of an image: what a look for it would find. */
export type Images = readonly Readonly<{ digest: Digest; finding: Finding }>[];

export type Running = Readonly<{
  key: StepKey;
  deployment: DeploymentId;
  digest: Digest;
  instance: Instance;
  alive: boolean;
  /** It was asked, and was healthy. */
  passed: boolean;
}>;

/** What somebody has to do something for. */
export type Owed = Exclude<Step, { type: 'Done' | 'Wait' }>;

/** Between any two of these, everybody else may act. `who` counts the deployments of the world. */
export type Worker = Readonly<
  | { at: 'rest' }
  /** Read the deployment, and not yet the environment. It has changed since. */
  | { at: 'reading'; who: number; known: Deployment }
  /** Knows what was owed when it looked. It no longer is. */
  | { at: 'owing'; who: number; step: Owed }
  /** The intent is written. */
  | { at: 'begun'; who: number; effect: Effect }
  /** Promoting: the last look was good. */
  | { at: 'looked'; who: number; effect: Extract<Effect, { type: 'Promote' }> }
  /** Promoting: the traffic is switched, the environment does not say so yet. */
  | { at: 'switched'; who: number; effect: Extract<Effect, { type: 'Promote' }> }
  /** Retiring: read where the traffic belongs, about to confirm it. */
  | { at: 'confirming'; who: number; effect: Extract<Effect, { type: 'RetirePrevious' }>; route: Route }
  | { at: 'drained'; who: number; effect: Extract<Effect, { type: 'RetirePrevious' }> }
  | { at: 'stopped'; who: number; effect: Extract<Effect, { type: 'RetirePrevious' }> }
  /** Has an outcome that is not recorded. */
  | { at: 'telling'; who: number; command: DeploymentCommand }
>;

export type World = Readonly<{
  environments: readonly Environment[];
  deployments: readonly Deployment[];
  routes: readonly (Route | null)[];
  images: Images;
  running: readonly Running[];
  workers: readonly Worker[];
  faultsLeft: number;
}>;

export const resting: Worker = { at: 'rest' };

const names = ['shop', 'blog'] as const;

export const ordersOf = ({ history, orders }: Space): readonly Order[] => [...history, ...orders];

/** Only the environments that are asked for. */
export const environmentsOf = (space: Space): readonly EnvironmentId[] =>
  names
    .filter((name) => ordersOf(space).some(({ environment }) => environment === name))
    .map((name) => EnvironmentId.parse(name));

export const idOf = (who: number): DeploymentId => DeploymentId.parse(`d-${who + 1}`);

export const emptyWorld = (space: Space): World => ({
  environments: environmentsOf(space).map(() => initialEnvironment),
  deployments: ordersOf(space).map(() => initialDeployment),
  routes: environmentsOf(space).map(() => null),
  images: [],
  running: [],
  workers: Array.from({ length: space.workers }, () => resting),
  faultsLeft: space.faults,
});

/** The part of a list that the world cannot be without. */
export const at = <A>(list: readonly A[], index: number): A => {
  const found = list[index];
  if (found === undefined) throw new Error(`There is nothing at ${index} of ${list.length}.`);
  return found;
};
