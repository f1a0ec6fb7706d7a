/** Decisions carried into streams: decide, append with the version that was decided on, and if that is old, again. */
import {
  type Deployment,
  type DeploymentCommand,
  type DeploymentId,
  decideDeployment,
  decideEnvironment,
  type Environment,
  type EnvironmentCommand,
  type Rejection,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Script } from './script.ts';
import { appendToDeployment, appendToEnvironment, deploymentOf, type Walking } from './world.ts';

export type Known<State> = Readonly<{ state: State; version: number }>;

export const load = ({ world }: Walking, id: DeploymentId): Known<Deployment> => {
  const { events, state } = deploymentOf(world, id);
  return { state, version: events.length };
};

const loadEnvironment = ({ world: { environment } }: Walking): Known<Environment> => ({
  state: environment.state,
  version: environment.events.length,
});

type Stream<State, Command, Event> = Readonly<{
  load: () => Known<State>;
  decide: (command: Command, state: State) => E.Either<Rejection, readonly Event[]>;
  append: (version: number, events: readonly Event[]) => boolean;
}>;

/** Others may append between the decision and its append; an acknowledgement may be lost. Both mean: look again. */
function* transact<State, Command, Event>(
  { chance }: Walking,
  stream: Stream<State, Command, Event>,
  command: Command,
  known: Known<State>,
): Script<E.Either<Rejection, Known<State>>> {
  let current = known;
  for (;;) {
    const decided = stream.decide(command, current.state);
    if (E.isLeft(decided)) return decided;
    if (decided.right.length === 0) return E.right(current);
    yield null;
    const appended = stream.append(current.version, decided.right);
    current = stream.load();
    if (appended && !chance.odds(40)) return E.right(current);
  }
}

export const decideFor = (
  walking: Walking,
  id: DeploymentId,
  command: DeploymentCommand,
  known?: Known<Deployment>,
): Script<E.Either<Rejection, Known<Deployment>>> =>
  transact(
    walking,
    {
      load: () => load(walking, id),
      decide: decideDeployment,
      append: (version, events) => appendToDeployment(walking.world, id, version, events),
    },
    command,
    known ?? load(walking, id),
  );

export const decideInEnvironment = (
  walking: Walking,
  command: EnvironmentCommand,
): Script<E.Either<Rejection, Known<Environment>>> =>
  transact(
    walking,
    {
      load: () => loadEnvironment(walking),
      decide: decideEnvironment,
      append: (version, events) => appendToEnvironment(walking.world, version, events),
    },
    command,
    loadEnvironment(walking),
  );
