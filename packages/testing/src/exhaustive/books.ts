/** Every decision that can come up is taken once, by the functions under test, and looked at from all sides. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Deployment,
  type DeploymentCommand,
  type DeploymentEvent,
  deploymentEvents,
  type Environment,
  type EnvironmentCommand,
  type EnvironmentEvent,
  type EventCodec,
  environmentEvents,
  Instant,
  type Rejection,
  type Step,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Numbered, Tables } from './canonical.ts';
import type { Core } from './core.ts';

/** Time stands still: each step may be tried again at once, and a worker that is slow to come is one that waits. */
export const NOW = Instant.parse(0);

export type Decided<State, Event> = Readonly<{
  /** Why it was refused; null: it was not. */
  refused: Rejection['code'] | null;
  events: readonly Event[];
  /** The state that each event met. */
  met: readonly State[];
  after: State;
  broken: readonly string[];
}>;

export type Books = Readonly<{
  deployment(command: DeploymentCommand, state: Deployment): Decided<Deployment, DeploymentEvent>;
  environment(command: EnvironmentCommand, state: Environment): Decided<Environment, EnvironmentEvent>;
  owed(deployment: Deployment, environment: Environment): Step;
  /** Of each state of a deployment, by number, those that came right after it. */
  successors(): ReadonlyMap<number, readonly number[]>;
  /** How many different decisions were taken. */
  decisions(): number;
}>;

type Decider<State, Command, Event> = Readonly<{
  decide: (command: Command, state: State) => E.Either<Rejection, readonly Event[]>;
  evolve: (state: State, event: Event) => State;
  codec: EventCodec<Event & { type: string }>;
  states: Numbered<State>;
}>;

const isReadBack = <Event extends { type: string }>(event: Event, codec: EventCodec<Event>): boolean => {
  const stored = JSON.parse(JSON.stringify(codec.encode(event)));
  const read = codec.decode({ ...stored, stream: 'explored', version: 0 });
  return E.isRight(read) && isDeepStrictEqual(read.right, event);
};

const problemsOf = <Event extends { type: string }>(events: readonly Event[], codec: EventCodec<Event>) =>
  events.filter((event) => !isReadBack(event, codec)).map(({ type }) => `${type} does not come back from a store`);

const decide = <State extends object, Command extends { type: string }, Event extends { type: string }>(
  { decide: decideOne, evolve, codec, states }: Decider<State, Command, Event>,
  command: Command,
  state: State,
): Decided<State, Event> => {
  const decided = decideOne(command, state);
  if (E.isLeft(decided)) return { refused: decided.left.code, events: [], met: [], after: state, broken: [] };
  const events = decided.right;
  const met: State[] = [];
  let after = state;
  for (const event of events) {
    met.push(after);
    after = evolve(after, event);
  }
  const again = decideOne(command, after);
  const twice = E.isRight(again) && again.right.length > 0 ? [`${command.type} done twice appends twice`] : [];
  const entered = states.valueOf(states.numberOf(after));
  return { refused: null, events, met, after: entered, broken: [...problemsOf(events, codec), ...twice] };
};

/** A function under test that throws has refused an event, or changed what it was given. */
const caught = <A>(judged: () => A, otherwise: (problem: string) => A): A => {
  try {
    return judged();
  } catch (error) {
    return otherwise(String(error));
  }
};

const COMMANDS_MAX = 2 ** 22;

const remembered = <State extends object, Command extends { type: string }, Event extends { type: string }>(
  decider: Decider<State, Command, Event>,
  commands: Numbered<object>,
) => {
  const known = new Map<number, Decided<State, Event>>();
  const judge = (command: Command, state: State): Decided<State, Event> => {
    const key = decider.states.numberOf(state) * COMMANDS_MAX + commands.numberOf(command);
    const before = known.get(key);
    if (before !== undefined) return before;
    const decided = caught(
      () => decide(decider, command, state),
      (problem) => ({ refused: null, events: [], met: [], after: state, broken: [`${command.type}: ${problem}`] }),
    );
    known.set(key, decided);
    return decided;
  };
  const successors = (): ReadonlyMap<number, readonly number[]> => {
    const after = new Map<number, number[]>();
    for (const [key, decided] of known) {
      const before = Math.floor(key / COMMANDS_MAX);
      const later = decider.states.numberOf(decided.after);
      if (later !== before) after.set(before, [...(after.get(before) ?? []), later]);
    }
    return after;
  };
  return { judge, successors, count: () => known.size };
};

export const createBooks = (core: Core, tables: Tables): Books => {
  const deployments = remembered<Deployment, DeploymentCommand, DeploymentEvent>(
    {
      decide: core.decideDeployment,
      evolve: core.evolveDeployment,
      codec: deploymentEvents,
      states: tables.deployments,
    },
    tables.commands,
  );
  const environments = remembered<Environment, EnvironmentCommand, EnvironmentEvent>(
    {
      decide: core.decideEnvironment,
      evolve: core.evolveEnvironment,
      codec: environmentEvents,
      states: tables.environments,
    },
    tables.commands,
  );
  const owed = new Map<number, Step>();
  return {
    deployment: deployments.judge,
    environment: environments.judge,
    owed: (deployment, environment) => {
      const key = tables.deployments.numberOf(deployment) * 2 ** 24 + tables.environments.numberOf(environment);
      const known = owed.get(key);
      if (known !== undefined) return known;
      const step = tables.steps.valueOf(tables.steps.numberOf(core.next(deployment, environment, NOW)));
      owed.set(key, step);
      return step;
    },
    successors: deployments.successors,
    decisions: () => deployments.count() + environments.count() + owed.size,
  };
};
