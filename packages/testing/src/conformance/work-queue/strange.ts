/** Messages of other releases, messages of nobody, and no queue at all. */
import { WakeUp } from '@recourse/core';
import { expect, test, vi } from 'vitest';
import { left, right } from '../outcome.ts';
import { consume, patience, wakeUp } from './consuming.ts';
import type { Fresh } from './under-test.ts';

export const strangeClauses = (fresh: Fresh): void => {
  test.each([
    ['an older release', { deploymentId: 'd-old' }],
    ['a newer release', { v: 1, deploymentId: 'd-new', reason: { since: 2 } }],
    ['a release far newer', { v: 2, target: 'd-new' }],
    ['nobody in particular', { nonsense: [1, null] }],
  ])('a message of %s is handed over as stored', async (_, planted) => {
    const { queue, plant } = await fresh();
    await plant(planted);
    const { handled } = consume(queue);
    await vi.waitFor(() => expect(handled.length).toBeGreaterThan(0), patience);
    expect(handled[0]).toEqual(planted);
  });

  test('a message carries whose wake-up it is, and nothing else that came along', async () => {
    const { queue } = await fresh();
    const { handled, saw } = consume(queue);
    const message = wakeUp();
    const talkative = { ...message, log: 'x'.repeat(1_000_000) };
    await right(queue.enqueue(talkative));
    await saw(message);
    expect(handled).toEqual([message]);
  });

  test('a message of a megabyte keeps no others from being handled', async () => {
    const { queue, plant } = await fresh();
    await plant({ log: 'x'.repeat(1_000_000) });
    const { saw } = consume(queue);
    const message = wakeUp();
    await right(queue.enqueue(message));
    await saw(message);
  });

  test('a message that nobody can read does not keep others from being read', async () => {
    const { queue, plant } = await fresh();
    await plant({ nonsense: true });
    const { saw } = consume(queue, { handle: async (message) => void WakeUp.parse(message) });
    const message = wakeUp();
    await right(queue.enqueue(message));
    await saw(message);
  });

  test('says so when it cannot be reached', async () => {
    const { queue, disconnect } = await fresh();
    await disconnect();
    const unavailable = { kind: 'transient', code: 'queue/unavailable' };
    expect(await left(queue.enqueue(wakeUp()))).toMatchObject(unavailable);
    expect(await left(queue.enqueue(wakeUp(), { delayMs: 1000 }))).toMatchObject(unavailable);
  });
};
