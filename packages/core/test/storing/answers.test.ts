import { expect, test } from 'vitest';
import type { StoredEvent } from '../../src/ports/event-store.ts';
import { subscriberFailed, wrongVersion } from '../../src/storing/index.ts';

test('an append that came too late is told where the stream is, and what to do', () => {
  expect(wrongVersion('deployment-1', 4, 7)).toEqual({
    kind: 'permanent',
    code: 'store/wrong-expected-version',
    message: 'deployment-1 is at version 7, expected was 4. Read it again and decide again.',
    stream: 'deployment-1',
    expected: 4,
    actual: 7,
  });
});

test('an append to a stream that is not there is told so', () => {
  expect(wrongVersion('deployment-1', 'stream-exists', null)).toMatchObject({
    message: 'deployment-1 is not there, expected was stream-exists. Read it again and decide again.',
    actual: null,
  });
});

test('a subscriber that failed is told where, why, and what to do', () => {
  const last = { position: '7' } as StoredEvent;
  const cause = new Error('no room');
  expect(subscriberFailed(last, cause)).toEqual({
    kind: 'permanent',
    code: 'store/subscriber-failed',
    message:
      'The subscriber failed in the events up to position 7, and gets no more: no room. Subscribe again once it can handle them.',
    cause,
  });
  expect(subscriberFailed(last, 'text').message).toContain('no more: text.');
});
