import type { ExpectedVersion, StreamId, WrongExpectedVersion } from '../ports/event-store.ts';

/** What every store says to an append that came too late. `actual` is null if there is no such stream. */
export const wrongVersion = (
  stream: StreamId,
  expected: ExpectedVersion,
  actual: number | null,
): WrongExpectedVersion => ({
  kind: 'permanent',
  code: 'store/wrong-expected-version',
  message: `${stream} is ${actual === null ? 'not there' : `at version ${actual}`}, expected was ${expected}. Read it again and decide again.`,
  stream,
  expected,
  actual,
});
