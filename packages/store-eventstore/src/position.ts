/** Positions as the server counts them, `commit/prepare`: bytes of its log, of which it is promised that they only grow. */
import type { PortError, Position } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { ServerPosition } from './client.ts';

/** How it says that it does not know. */
const UNKNOWN = 2n ** 64n - 1n;

export const positionOf = ({ commit, prepare }: ServerPosition): Position => `${commit}/${prepare}`;

export const isKnown = ({ commit }: ServerPosition): boolean => commit !== UNKNOWN;

/** What a position of ours stands for. What is not one is refused: taken for the beginning, it would replay. */
export const serverPositionOf = (position: Position | null): E.Either<PortError, ServerPosition | null> => {
  if (position === null) return E.right(null);
  const [, commit, prepare] = /^(\d{1,19})\/(\d{1,19})$/.exec(position) ?? [];
  if (commit !== undefined && prepare !== undefined) {
    return E.right({ commit: BigInt(commit), prepare: BigInt(prepare) });
  }
  return E.left({
    kind: 'permanent',
    code: 'store/invalid-position',
    message: `${JSON.stringify(position)} is not a position of this store. Start from null, the beginning.`,
  });
};

export const isAfter = (one: ServerPosition, other: ServerPosition): boolean =>
  one.commit > other.commit || (one.commit === other.commit && one.prepare > other.prepare);
