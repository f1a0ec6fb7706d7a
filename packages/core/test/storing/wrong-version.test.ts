import { expect, test } from 'vitest';
import { wrongVersion } from '../../src/storing/index.ts';

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
