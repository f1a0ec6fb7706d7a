/** When the events cannot be reached. */
import { expect, test } from 'vitest';
import { left } from '../outcome.ts';
import { someEvent, someStream } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

export const failingClauses = (fresh: Fresh): void => {
  test('says so of everything it is asked, and never that nothing is there', async () => {
    const { store, disconnect } = await fresh();
    const stream = someStream();
    await store.append({ stream, expected: 'any', events: [someEvent()] })();
    await disconnect();

    const unavailable = { kind: 'transient', code: 'store/unavailable' };
    const { signal } = new AbortController();
    expect(await left(store.append({ stream, expected: 'any', events: [someEvent()] }))).toMatchObject(unavailable);
    expect(await left(store.read({ stream }))).toMatchObject(unavailable);
    expect(await left(store.readAll({ after: null, limit: 1 }))).toMatchObject(unavailable);
    expect(await left(store.head())).toMatchObject(unavailable);
    expect(await left(store.subscribe({ after: null, signal }, async () => {}))).toMatchObject(unavailable);
  });
};
