/** What every store says in the same words. */
import type { ExpectedVersion, StoredEvent, StreamId, WrongExpectedVersion } from '../ports/event-store.ts';
import type { PortError } from '../ports/port-error.ts';

/** To an append that came too late. `actual` is null if there is no such stream. */
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

/** To a subscriber whose handler rejected with `cause` in a batch that ends with `last`. */
export const subscriberFailed = (last: StoredEvent, cause: unknown): PortError => ({
  kind: 'permanent',
  code: 'store/subscriber-failed',
  message:
    `The subscriber failed in the events up to position ${last.position}, and gets no more: ` +
    `${cause instanceof Error ? cause.message : String(cause)}. Subscribe again once it can handle them.`,
  cause,
});
