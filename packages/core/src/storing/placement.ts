/** Where an append belongs in its stream: behind the last event, where it already is, or nowhere. KurrentDB's rule. */
import type { ExpectedVersion } from '../ports/event-store.ts';

export type Placement = Readonly<
  | { place: 'end' }
  /** All of it is there already; `version` is that of its first event. */
  | { place: 'there'; version: number }
  | { place: 'nowhere' }
>;

const end: Placement = { place: 'end' };
const nowhere: Placement = { place: 'nowhere' };

/**
 * `head` is the version of the stream's last event, null if there is none. `found` has, for each event of the append,
 * the version at which its id is in the stream.
 */
export const placementOf = (
  expected: ExpectedVersion,
  head: number | null,
  found: readonly (number | null)[],
): Placement => {
  const next = nextVersion(expected);
  if (found.every((version) => version === null)) return mayFollow(expected, next, head) ? end : nowhere;

  const first = found[0] ?? null;
  const inARow = first !== null && found.every((version, i) => version === first + i);
  return inARow && (next === null || next === first) ? { place: 'there', version: first } : nowhere;
};

const mayFollow = (expected: ExpectedVersion, next: number | null, head: number | null): boolean => {
  if (next === null) return expected === 'any' || head !== null;
  return next === (head ?? -1) + 1;
};

/** The version that the first event would have; null if the expectation does not say. */
const nextVersion = (expected: ExpectedVersion): number | null => {
  if (typeof expected === 'number') return expected < 0 ? Number.NaN : expected + 1;
  return expected === 'no-stream' ? 0 : null;
};
