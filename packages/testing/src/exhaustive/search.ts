/**
 * Breadth first, over every world that can be reached: so whatever is broken first is broken by the shortest path there
 * is. Then: from every one of them, all comes to rest if nothing more goes wrong.
 */
import { defaultPolicy, EffectName, type Policy, type StepPolicy } from '@recourse/core';
import { createBooks } from './books.ts';
import { createTables, type Layout, type Levels, layoutOf, rowOf, type Tables, worldOf } from './canonical.ts';
import { type Core, realCore } from './core.ts';
import { brokenBy, brokenIn, unsettledIn } from './invariants.ts';
import type { Appended, Exploring, Move } from './move.ts';
import { asks, decay, operatorMoves } from './operator.ts';
import { slowReaders } from './slow-readers.ts';
import type { Space } from './space.ts';
import { createSpent, type Spent } from './spent.ts';
import { createVisited, type Visited } from './visited.ts';
import { workerMoves } from './worker.ts';
import { emptyWorld, environmentsOf, ordersOf, type World } from './world.ts';

export type Line = Readonly<{ what: string; appended: readonly Appended[] }>;

export type Counterexample = Readonly<{
  /** What does not hold. */
  broken: string;
  /** All that happened, from the beginning of the search. */
  path: readonly Line[];
}>;

export type Explored = Readonly<{
  states: number;
  transitions: number;
  /** The longest of the shortest paths. */
  depth: number;
  /** How many different decisions the functions under test were asked for. */
  decisions: number;
  /** Every event that was appended somewhere, and how many transitions append it. */
  events: ReadonlyMap<string, number>;
  /** Whether all of the space was seen. */
  isComplete: boolean;
  counterexample: Counterexample | null;
}>;

export type ExploreOptions = Readonly<{
  /** Instead of the library's own functions. */
  core?: Partial<Core>;
  /** What must hold beside what is checked anyway; says what does not, or null. */
  holds?: (world: World) => string | null;
  /** Instead of the usual ones. */
  levels?: Levels;
  /** More than this many are not looked at; the result then says that it is not complete. */
  statesMax?: number;
  onProgress?: (states: number, left: number) => void;
}>;

export const explore = (space: Space, options: ExploreOptions = {}): Explored => {
  const tables = createTables(options.levels);
  const core = { ...realCore, ...options.core };
  const exploring: Exploring = {
    space,
    core,
    books: createBooks(core, tables),
    policy: policyOf(space),
    orders: ordersOf(space),
    environments: environmentsOf(space),
  };
  const moving = { exploring, spent: createSpent(exploring, tables.deployments) };
  const first = startOf(moving);
  const layout = layoutOf(first);
  const visited = createVisited(layout.width);
  visited.meet(rowOf(first, tables), -1);
  return search({ ...moving, tables, layout, visited }, options);
};

const policyOf = ({ attemptsMax }: Space): Policy => {
  const policy: Record<EffectName, StepPolicy> = { ...defaultPolicy };
  for (const name of EffectName.options) {
    const { attemptsMax: usual } = policy[name];
    policy[name] = { ...policy[name], attemptsMax: usual && attemptsMax, backoffMs: 0, backoffMaxMs: 0 };
  }
  return policy;
};

type Moving = Readonly<{ exploring: Exploring; spent: Spent }>;

const movesOf = ({ exploring, spent }: Moving, world: World): readonly Move[] =>
  [...workerMoves(exploring, world), ...operatorMoves(exploring, world), ...decay(world)].flatMap((move) =>
    [move, ...slowReaders(exploring, world, move)].map((one) => ({ ...one, after: spent.rest(one.after) })),
  );

/** What happens next if nothing more goes wrong, and nobody asks for more. */
const peacefulOf = (moves: readonly Move[]): Move | null =>
  moves.reduce<Move | null>(
    (best, move) => (move.peace !== null && (best === null || move.peace < (best.peace ?? 0)) ? move : best),
    null,
  );

const PEACE_MAX = 1_000;

const startOf = (moving: Moving): World => {
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

type Searching = Moving & Readonly<{ tables: Tables; layout: Layout; visited: Visited }>;

const PROGRESS_EVERY = 100_000;

const search = (searching: Searching, options: ExploreOptions): Explored => {
  const { exploring, tables, layout, visited } = searching;
  const { statesMax = Number.POSITIVE_INFINITY, onProgress } = options;
  const events = new Map<string, number>();
  let [transitions, depth, endOfLevel] = [0, 0, 1];
  const result = (isComplete: boolean, counterexample: Counterexample | null): Explored => {
    const decisions = exploring.books.decisions();
    return { states: visited.count(), transitions, depth, decisions, events, isComplete, counterexample };
  };

  const unheld = (number: number): string | null => {
    const world = worldOf(visited.row(number), layout, tables);
    return brokenIn(world)[0] ?? options.holds?.(world) ?? null;
  };

  for (let number = 0; number < visited.count(); number++) {
    if (visited.count() > statesMax) return result(false, null);
    if (number === endOfLevel) [depth, endOfLevel] = [depth + 1, visited.count()];
    if (number % PROGRESS_EVERY === 0) onProgress?.(visited.count(), visited.count() - number);
    const world = worldOf(visited.row(number), layout, tables);
    const moves = movesOf(searching, world);
    const peaceful = peacefulOf(moves);
    const stuck = peaceful === null ? unsettledIn(world)[0] : undefined;
    if (stuck !== undefined) return result(false, { broken: stuck, path: pathTo(searching, number) });
    for (const move of moves) {
      transitions++;
      for (const { event } of move.appended) events.set(event.type, (events.get(event.type) ?? 0) + 1);
      const met = visited.meet(rowOf(move.after, tables), number);
      if (move === peaceful) visited.setPeaceful(number, met.number);
      const broken = wrongWith(exploring, move) ?? (met.isNew ? unheld(met.number) : null);
      if (broken !== null) return result(false, { broken, path: [...pathTo(searching, number), lineOf(move)] });
    }
  }
  const contradiction = searching.spent.contradiction();
  if (contradiction !== null) return result(false, { broken: contradiction, path: [] });
  const restless = findRestless(visited);
  if (restless === null) return result(true, null);
  const path = [...pathTo(searching, restless), ...roundFrom(searching, restless)];
  return result(false, { broken: 'it never comes to rest, though nothing more goes wrong', path });
};

const wrongWith = (exploring: Exploring, { broken, after, appended }: Move): string | null =>
  broken[0] ?? brokenBy(exploring, after, appended)[0] ?? null;

const lineOf = ({ what, appended }: Move): Line => ({ what, appended });

/** Whence each was met is known, but not by which move: that is found by making them again. */
const pathTo = (searching: Searching, number: number): readonly Line[] => {
  const { tables, layout, visited } = searching;
  const numbers: number[] = [];
  for (let one = number; one > 0; one = visited.from(one)) numbers.unshift(one);
  return numbers.map((one) => {
    const wanted = visited.row(one).join();
    const before = worldOf(visited.row(visited.from(one)), layout, tables);
    const move = movesOf(searching, before).find(({ after }) => rowOf(after, tables).join() === wanted);
    return move === undefined ? { what: 'something that cannot be told', appended: [] } : lineOf(move);
  });
};

/** The first world from which peace leads round in a circle; each is followed once. */
const findRestless = (visited: Visited): number | null => {
  const seenBy = new Int32Array(visited.count());
  for (let first = 0; first < visited.count(); first++) {
    let one = first;
    while (one >= 0 && seenBy[one] === 0) {
      seenBy[one] = first + 1;
      one = visited.peaceful(one);
    }
    if (one >= 0 && seenBy[one] === first + 1) return first;
  }
  return null;
};

/** Once round the circle. */
const roundFrom = (searching: Searching, first: number): readonly Line[] => {
  const { tables, layout, visited } = searching;
  const lines: Line[] = [];
  for (const seen = new Set<number>(), one = { number: first }; !seen.has(one.number); ) {
    seen.add(one.number);
    const move = peacefulOf(movesOf(searching, worldOf(visited.row(one.number), layout, tables)));
    if (move === null) break;
    lines.push(lineOf(move));
    one.number = visited.peaceful(one.number);
  }
  return lines;
};
