/**
 * Breadth first, over every world that can be reached: so whatever is broken first is broken by the shortest path there
 * is. Then: from every one of them, all comes to rest if nothing more goes wrong.
 */
import { defaultPolicy, EffectName, type Policy, type StepPolicy } from '@recourse/core';
import { createBooks } from './books.ts';
import { createTables, type Levels, layoutOf, rowOf, worldOf } from './canonical.ts';
import { type Core, realCore } from './core.ts';
import { brokenBy, brokenIn, unsettledIn } from './invariants.ts';
import type { Exploring, Move } from './move.ts';
import { movesOf, peacefulOf, startOf } from './moves.ts';
import { findRestless, type Line, lineOf, pathTo, roundFrom, type Searching } from './path.ts';
import type { Space } from './space.ts';
import { createSpent } from './spent.ts';
import { createVisited } from './visited.ts';
import { environmentsOf, ordersOf, type World } from './world.ts';

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

/** What was seen so far. */
type Tally = { transitions: number; depth: number; endOfLevel: number; events: Map<string, number> };

const PROGRESS_EVERY = 100_000;

const search = (searching: Searching, options: ExploreOptions): Explored => {
  const { exploring, visited } = searching;
  const { statesMax = Number.POSITIVE_INFINITY, onProgress } = options;
  const tally: Tally = { transitions: 0, depth: 0, endOfLevel: 1, events: new Map() };
  const result = (isComplete: boolean, counterexample: Counterexample | null): Explored => {
    const { transitions, depth, events } = tally;
    const decisions = exploring.books.decisions();
    return { states: visited.count(), transitions, depth, decisions, events, isComplete, counterexample };
  };

  const broken = unheldIn(searching, options, 0);
  if (broken !== null) return result(false, { broken, path: [] });
  for (let number = 0; number < visited.count(); number++) {
    if (visited.count() > statesMax) return result(false, null);
    if (number === tally.endOfLevel) Object.assign(tally, { depth: tally.depth + 1, endOfLevel: visited.count() });
    if (number % PROGRESS_EVERY === 0) onProgress?.(visited.count(), visited.count() - number);
    const counterexample = lookAt(searching, options, number, tally);
    if (counterexample !== null) return result(false, counterexample);
  }
  const counterexample = wrongWithTheWhole(searching);
  return result(counterexample === null, counterexample);
};

/** Makes every move that is possible in one world. */
const lookAt = (searching: Searching, options: ExploreOptions, number: number, tally: Tally): Counterexample | null => {
  const { exploring, tables, layout, visited } = searching;
  const world = worldOf(visited.row(number), layout, tables);
  const moves = movesOf(searching, world);
  const peaceful = peacefulOf(moves);
  const stuck = peaceful === null ? unsettledIn(world)[0] : undefined;
  if (stuck !== undefined) return { broken: stuck, path: pathTo(searching, number) };
  for (const move of moves) {
    tally.transitions++;
    for (const { event } of move.appended) tally.events.set(event.type, (tally.events.get(event.type) ?? 0) + 1);
    const met = visited.meet(rowOf(move.after, tables), number);
    if (move === peaceful) visited.setPeaceful(number, met.number);
    const broken = wrongWith(exploring, move) ?? (met.isNew ? unheldIn(searching, options, met.number) : null);
    if (broken !== null) return { broken, path: [...pathTo(searching, number), lineOf(move)] };
  }
  return null;
};

const wrongWith = (exploring: Exploring, { broken, after, appended }: Move): string | null =>
  broken[0] ?? brokenBy(exploring, after, appended)[0] ?? null;

const unheldIn = ({ tables, layout, visited }: Searching, { holds }: ExploreOptions, number: number): string | null => {
  const world = worldOf(visited.row(number), layout, tables);
  return brokenIn(world)[0] ?? holds?.(world) ?? null;
};

/** What can only be said when all of it was seen. */
const wrongWithTheWhole = (searching: Searching): Counterexample | null => {
  const contradiction = searching.spent.contradiction();
  if (contradiction !== null) return { broken: contradiction, path: [] };
  const restless = findRestless(searching.visited);
  if (restless === null) return null;
  const path = [...pathTo(searching, restless), ...roundFrom(searching, restless)];
  return { broken: 'it never comes to rest, though nothing more goes wrong', path };
};
