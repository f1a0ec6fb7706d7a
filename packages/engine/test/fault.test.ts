import * as TE from 'fp-ts/lib/TaskEither.js';
import { expect, test } from 'vitest';
import { Fault, orFault, outlasting } from '../src/fault.ts';

const away = {
  kind: 'transient',
  code: 'store/unavailable',
  message: 'The store is away.',
  cause: 'ECONNREFUSED',
} as const;

test('what a port could not do is a fault, with its code and its cause', async () => {
  await expect(orFault(TE.left(away))).rejects.toMatchObject({ name: 'Fault', ...away });
  expect(await orFault(TE.right(7))).toBe(7);
});

test('a sweep outlasts a fault, and no defect', async () => {
  const failing = (error: Error) => outlasting(() => Promise.reject(error));
  await failing(new Fault(away));
  await expect(failing(new TypeError('a defect'))).rejects.toMatchObject({ message: 'a defect' });
});
