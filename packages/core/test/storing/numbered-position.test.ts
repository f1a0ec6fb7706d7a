import * as E from 'fp-ts/lib/Either.js';
import { expect, test } from 'vitest';
import type { Position } from '../../src/ports/event-store.ts';
import { numberOf } from '../../src/storing/numbered-position.ts';

test.each<[string | null, number]>([
  [null, 0],
  ['1', 1],
  ['10', 10],
  ['999999999999999', 999_999_999_999_999],
])('the position %j is %d', (position, number) => {
  expect(numberOf(position as Position)).toEqual(E.right(number));
});

test.each(['', '0', '01', '-1', '1.5', '1e3', ' 1', '1 ', '1\n', 'a1', '1a', 'null', '1000000000000000', '٣'])(
  'the text %j is no position, and is not taken for the beginning',
  (position) => {
    expect(numberOf(position as Position)).toEqual(
      E.left({
        kind: 'permanent',
        code: 'store/invalid-position',
        message: `${JSON.stringify(position)} is not a position of this store. Start from null, the beginning.`,
      }),
    );
  },
);
