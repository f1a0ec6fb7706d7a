/** All that can happen next in a world, and what of it is peaceful. */
import type { Exploring, Move } from './move.ts';
import { asks, decay, operatorMoves } from './operator.ts';
import { slowReaders } from './slow-readers.ts';
import type { Spent } from './spent.ts';
import { workerMoves } from './worker.ts';
import { emptyWorld, type World } from './world.ts';

export type Moving = Readonly<{ exploring: Exploring; spent: Spent }>;

export const movesOf = ({ exploring, spent }: Moving, world: World): readonly Move[] =>
  [...workerMoves(exploring, world), ...operatorMoves(exploring, world), ...decay(world)].flatMap((move) =>
    [move, ...slowReaders(exploring, world, move)].map((one) => ({ ...one, after: spent.rest(one.after) })),
  );

/** What happens next if nothing more goes wrong, and nobody asks for more. */
export const peacefulOf = (moves: readonly Move[]): Move | null =>
  moves.reduce<Move | null>(
    (best, move) => (move.peace !== null && (best === null || move.peace < (best.peace ?? 0)) ? move : best),
    null,
  );

const PEACE_MAX = 1_000;

/** The history, carried out in peace. */
export const startOf = (moving: Moving): World => {
  const { exploring } = moving;
  let world = emptyWorld(exploring.space);
  exploring.space.history.forEach((_, who) => {
    const [asked] = asks(exploring, world, who);
    if (asked === undefined) throw new Error(`The history asks for ${who + 1}, and that cannot be had.`);
    world = asked.after;
    for (let turns = 0; turns < PEACE_MAX; turns++) world = peacefulOf(movesOf(moving, world))?.after ?? world;
  });
  return world;
};
