/** How a world is come to, and whether peace leads anywhere from it. */
import { type Layout, rowOf, type Tables, worldOf } from './canonical.ts';
import type { Appended, Move } from './move.ts';
import { type Moving, movesOf, peacefulOf } from './moves.ts';
import type { Visited } from './visited.ts';

export type Searching = Moving & Readonly<{ tables: Tables; layout: Layout; visited: Visited }>;

export type Line = Readonly<{ what: string; appended: readonly Appended[] }>;

export const lineOf = ({ what, appended }: Move): Line => ({ what, appended });

/** Whence each was met is known, but not by which move: that is found by making them again. */
export const pathTo = (searching: Searching, number: number): readonly Line[] => {
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
export const findRestless = (visited: Visited): number | null => {
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
export const roundFrom = (searching: Searching, first: number): readonly Line[] => {
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
