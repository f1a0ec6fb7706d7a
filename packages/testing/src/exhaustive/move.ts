/** One thing that can happen next, and what comes of it. */
import type {
  DeploymentCommand,
  DeploymentEvent,
  Environment,
  EnvironmentCommand,
  EnvironmentEvent,
  EnvironmentId,
  Policy,
  Rejection,
  Route,
} from '@recourse/core';
import { deploymentLaws, environmentLaws } from '../arbitraries/walk/laws.ts';
import type { Books } from './books.ts';
import type { Core } from './core.ts';
import type { Order, Space } from './space.ts';
import { at, idOf, type World } from './world.ts';

export type Appended = Readonly<{ stream: string; event: DeploymentEvent | EnvironmentEvent }>;

export type Move = Readonly<{
  what: string;
  after: World;
  appended: readonly Appended[];
  /** What this move broke, in words. */
  broken: readonly string[];
  /** Its place among what happens if nothing more goes wrong, lowest first; null: it is something that goes wrong. */
  peace: number | null;
  /** The worker that did it; null: it was none. */
  place: number | null;
}>;

export type Exploring = Readonly<{
  space: Space;
  core: Core;
  books: Books;
  policy: Policy;
  /** As the space names them, in the sequence of the world. */
  orders: readonly Order[];
  environments: readonly EnvironmentId[];
}>;

export const moved = (what: string, after: World, rest: Partial<Omit<Move, 'what' | 'after'>> = {}): Move => ({
  what,
  after,
  appended: rest.appended ?? [],
  broken: rest.broken ?? [],
  peace: rest.peace ?? null,
  place: rest.place ?? null,
});

/** What came of a command: a world in which it is carried out, or the same one. */
export type Told = Readonly<{
  world: World;
  refused: Rejection['code'] | null;
  appended: readonly Appended[];
  broken: readonly string[];
}>;

type Facts = Readonly<{ environment: Environment; route: Route | null }>;
type Laws<State, Event> = readonly (readonly [string, (event: Event, before: State, facts: Facts) => boolean])[];

const lawsOfDeployments: Laws<World['deployments'][number], DeploymentEvent> = Object.entries(deploymentLaws);
const lawsOfEnvironments: Laws<Environment, EnvironmentEvent> = Object.entries(environmentLaws);

const brokenBy = <State, Event>(
  laws: Laws<State, Event>,
  { events, met }: Readonly<{ events: readonly Event[]; met: readonly State[] }>,
  facts: Facts,
): readonly string[] =>
  events.flatMap((event, index) =>
    laws.filter(([, holds]) => !holds(event, at(met, index), facts)).map(([law]) => `law broken: ${law}`),
  );

export const indexOf = ({ environments }: Exploring, environment: string): number =>
  environments.findIndex((name) => String(name) === environment);

export const environmentIndexOf = (exploring: Exploring, who: number): number =>
  indexOf(exploring, at(exploring.orders, who).environment);

const factsFor = (world: World, index: number): Facts => ({
  environment: at(world.environments, index),
  route: world.routes[index] ?? null,
});

const replaced = <A>(list: readonly A[], index: number, value: A): readonly A[] =>
  list.map((one, place) => (place === index ? value : one));

/** Decided on what is there now: whoever appends to a stream that has grown reads it and decides again. */
export const tellDeployment = (exploring: Exploring, world: World, who: number, command: DeploymentCommand): Told => {
  const decided = exploring.books.deployment(command, at(world.deployments, who));
  const { refused, events, after } = decided;
  if (events.length === 0) return { world, refused, appended: [], broken: decided.broken };
  const laws = brokenBy(lawsOfDeployments, decided, factsFor(world, environmentIndexOf(exploring, who)));
  return {
    world: { ...world, deployments: replaced(world.deployments, who, after) },
    refused,
    appended: events.map((event) => ({ stream: idOf(who), event })),
    broken: [...laws, ...decided.broken],
  };
};

export const tellEnvironment = (
  exploring: Exploring,
  world: World,
  index: number,
  command: EnvironmentCommand,
): Told => {
  const decided = exploring.books.environment(command, at(world.environments, index));
  const { refused, events, after } = decided;
  if (events.length === 0) return { world, refused, appended: [], broken: decided.broken };
  const laws = brokenBy(lawsOfEnvironments, decided, factsFor(world, index));
  return {
    world: { ...world, environments: replaced(world.environments, index, after) },
    refused,
    appended: events.map((event) => ({ stream: at(exploring.environments, index), event })),
    broken: [...laws, ...decided.broken],
  };
};

export const withRoute = (world: World, index: number, route: Route): World => ({
  ...world,
  routes: replaced(world.routes, index, route),
});
