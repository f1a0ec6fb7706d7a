/**
 * A worker whose attempt is over, and who is refused, is like one that rests: what was refused then is refused for
 * ever. That is not taken for granted: it is asked of the functions under test, for every state that comes after.
 */
import type { Deployment, DeploymentCommand, EffectName } from '@recourse/core';
import type { Books } from './books.ts';
import type { Numbered } from './canonical.ts';
import { beginOf, goOn } from './effects.ts';
import type { Exploring } from './move.ts';
import { at, resting, type Worker, type World } from './world.ts';

export type Spent = Readonly<{
  /** Lets those rest who have nothing left to say. */
  rest(world: World): World;
  /** What was refused once, and would be accepted later; null: nothing. */
  contradiction(): string | null;
}>;

const commandOf = ({ policy }: Exploring, worker: Worker): DeploymentCommand | null => {
  if (worker.at === 'telling') return worker.command;
  if (worker.at !== 'owing' || !('effect' in worker.step)) return null;
  return beginOf(policy, worker.step, worker.step.run);
};

/** Tidying up may be begun again, under the same key: of that nothing is ever past. */
const tidying: readonly EffectName[] = ['stop-instance', 'retire-previous'];

const isPast = (command: DeploymentCommand, { ending, promoted, failures }: Deployment): boolean => {
  const step =
    command.type === 'BeginStep' ? command.step.step : command.type === 'RecordFailure' ? command.step : null;
  if (step !== null && tidying.includes(step)) return false;
  if (ending !== null || promoted) return true;
  if (command.type === 'BeginStep') return (failures[command.step.step] ?? 0) >= command.step.attempt;
  return command.type === 'RecordFailure' && (failures[command.step] ?? 0) >= command.attempt;
};

export const createSpent = (exploring: Exploring, states: Numbered<Deployment>): Spent => {
  const { books } = exploring;
  const given = new Map<number, Set<DeploymentCommand>>();

  const isSpent = (worker: Worker, world: World): boolean => {
    const command = commandOf(exploring, worker);
    if (command === null || worker.at === 'rest') return false;
    const state = at(world.deployments, worker.who);
    if (!isPast(command, state) || books.deployment(command, state).refused === null) return false;
    const number = states.numberOf(state);
    given.set(number, (given.get(number) ?? new Set()).add(command));
    return true;
  };

  return {
    rest: (world) =>
      world.workers.reduce(
        (left, worker, place) => (isSpent(worker, world) ? goOn(left, place, resting) : left),
        world,
      ),
    contradiction: () => laterAccepted(given, books, states),
  };
};

const laterAccepted = (
  given: ReadonlyMap<number, ReadonlySet<DeploymentCommand>>,
  books: Books,
  states: Numbered<Deployment>,
): string | null => {
  const after = books.successors();
  for (const [first, commands] of given) {
    const seen = new Set([first]);
    for (const number of seen) {
      const state = states.valueOf(number);
      for (const command of commands)
        if (books.deployment(command, state).refused === null)
          return `${command.type} was refused, and is not any more`;
      for (const later of after.get(number) ?? []) seen.add(later);
    }
  }
  return null;
};
