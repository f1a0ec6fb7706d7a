import * as E from 'fp-ts/lib/Either.js';
import type { Position } from '../ports/event-store.ts';
import type { PortError } from '../ports/port-error.ts';

/**
 * The place that a position stands for in a store that counts its events from 1; null is 0, the beginning. What is no
 * such position is refused: taken for the beginning, it would replay.
 */
export const numberOf = (position: Position | null): E.Either<PortError, number> => {
  if (position === null) return E.right(0);
  if (/^[1-9]\d{0,14}$/.test(position)) return E.right(Number(position));
  return E.left({
    kind: 'permanent',
    code: 'store/invalid-position',
    message: `${JSON.stringify(position)} is not a position of this store. Start from null, the beginning.`,
  });
};
