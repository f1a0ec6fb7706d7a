import { describe, expect, test } from 'vitest';
import type { ExpectedVersion } from '../../src/ports/event-store.ts';
import { placementOf } from '../../src/storing/placement.ts';

type Row = Readonly<{
  expected: ExpectedVersion;
  head: number | null;
  found: readonly (number | null)[];
  place: 'end' | 'nowhere' | number;
}>;

const x = null;

/** A number as place: it is there, from that version on. */
const rows: readonly Row[] = [
  { expected: 'any', head: null, found: [x], place: 'end' },
  { expected: 'any', head: 4, found: [x, x], place: 'end' },
  { expected: 'any', head: 4, found: [0], place: 0 },
  { expected: 'any', head: 4, found: [2, 3], place: 2 },
  { expected: 'any', head: 4, found: [2, 4], place: 'nowhere' },
  { expected: 'any', head: 4, found: [3, 2], place: 'nowhere' },
  { expected: 'any', head: 4, found: [4, x], place: 'nowhere' },
  { expected: 'any', head: 4, found: [x, 4], place: 'nowhere' },
  { expected: 'stream-exists', head: null, found: [x], place: 'nowhere' },
  { expected: 'stream-exists', head: 0, found: [x], place: 'end' },
  { expected: 'stream-exists', head: 4, found: [1, 2], place: 1 },
  { expected: 'stream-exists', head: 4, found: [x, 2], place: 'nowhere' },
  { expected: 'no-stream', head: null, found: [x, x], place: 'end' },
  { expected: 'no-stream', head: 0, found: [x], place: 'nowhere' },
  { expected: 'no-stream', head: 4, found: [0, 1], place: 0 },
  { expected: 'no-stream', head: 4, found: [1, 2], place: 'nowhere' },
  { expected: 'no-stream', head: 1, found: [0, 1, x], place: 'nowhere' },
  { expected: 4, head: 4, found: [x], place: 'end' },
  { expected: 0, head: 0, found: [x], place: 'end' },
  { expected: 4, head: null, found: [x], place: 'nowhere' },
  { expected: 0, head: null, found: [x], place: 'nowhere' },
  { expected: 3, head: 4, found: [x], place: 'nowhere' },
  { expected: 5, head: 4, found: [x], place: 'nowhere' },
  { expected: 3, head: 4, found: [4], place: 4 },
  { expected: 1, head: 4, found: [2, 3], place: 2 },
  { expected: 1, head: 4, found: [3], place: 'nowhere' },
  { expected: 4, head: 4, found: [4], place: 'nowhere' },
  { expected: 4, head: 4, found: [x, 0], place: 'nowhere' },
  { expected: 5, head: 4, found: [4], place: 'nowhere' },
  { expected: -1, head: null, found: [x], place: 'nowhere' },
  { expected: -1, head: 4, found: [0], place: 'nowhere' },
  { expected: 0.5, head: 0, found: [x], place: 'nowhere' },
  { expected: Number.NaN, head: null, found: [x], place: 'nowhere' },
];

describe('where an append belongs', () => {
  test.each(rows)('expected $expected, head $head, found at $found: $place', ({ expected, head, found, place }) => {
    const placement = typeof place === 'number' ? { place: 'there', version: place } : { place };
    expect(placementOf(expected, head, found)).toEqual(placement);
  });
});
