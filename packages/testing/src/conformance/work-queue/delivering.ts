/** Every message arrives, and arrives again until it was handled. */
import { WakeUp } from '@recourse/core';
import { expect, test } from 'vitest';
import { right } from '../outcome.ts';
import { consume, done, isFor, wakeUp } from './consuming.ts';
import type { Fresh } from './under-test.ts';

export const deliveringClauses = (fresh: Fresh): void => {
  test('hands over what was queued before and after the consumer came', async () => {
    const { queue } = await fresh();
    const [before, after] = [wakeUp(), wakeUp()];
    await right(queue.enqueue(before));
    const { handled, saw } = consume(queue);
    await saw(before);
    await right(queue.enqueue(after));
    await saw(after);
    expect(handled).toContainEqual(after);
    expect(handled.map((message) => WakeUp.safeParse(message).success)).not.toContain(false);
  });

  test('hands over none of a hundred less', async () => {
    const { queue } = await fresh();
    const { saw } = consume(queue, { concurrency: 5 });
    const messages = Array.from({ length: 100 }, wakeUp);
    await Promise.all(messages.map((message) => right(queue.enqueue(message))));
    for (const message of messages) await saw(message);
  });

  test('a delayed message comes, not before its time, and holds up no other', async () => {
    const { queue } = await fresh();
    const { handled, saw } = consume(queue);
    const [never, late, now] = [wakeUp(), wakeUp(), wakeUp()];
    const queuedAt = Date.now();
    await right(queue.enqueue(never, { delayMs: 3_600_000 }));
    await right(queue.enqueue(late, { delayMs: 1000 }));
    await right(queue.enqueue(now));
    await saw(now);
    await saw(late);
    // One instant is a whole millisecond: rounding may take one.
    expect(Date.now() - queuedAt).toBeGreaterThanOrEqual(999);
    expect(handled).not.toContainEqual(never);
  });

  test('a wake-up for later keeps none for now waiting, whichever came first', async () => {
    const { queue } = await fresh();
    const [one, other] = [wakeUp(), wakeUp()];
    for (const delayMs of [3_600_000, 0]) await right(queue.enqueue(one, { delayMs }));
    for (const delayMs of [0, 3_600_000]) await right(queue.enqueue(other, { delayMs }));
    const { saw } = consume(queue);
    await saw(one);
    await saw(other);
  });

  test('of two wake-ups for later, the earlier is not kept waiting', async () => {
    const { queue } = await fresh();
    const [one, other] = [wakeUp(), wakeUp()];
    for (const delayMs of [3_600_000, 500]) await right(queue.enqueue(one, { delayMs }));
    for (const delayMs of [500, 3_600_000]) await right(queue.enqueue(other, { delayMs }));
    const { saw } = consume(queue);
    await saw(one);
    await saw(other);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('not yet'))],
    [
      'throws',
      () => {
        throw new Error('not yet');
      },
    ],
  ])('a message whose handler %s comes back until it does not', async (_, fail) => {
    const { queue } = await fresh();
    let attempts = 0;
    const { saw } = consume(queue, { handle: () => (++attempts < 3 ? fail() : Promise.resolve()) });
    const message = wakeUp();
    await right(queue.enqueue(message));
    await saw(message, 3);
  });

  test('a message whose handler always fails starves no other', async () => {
    const { queue } = await fresh();
    const poison = wakeUp();
    const handle = (message: unknown) => (isFor(poison)(message) ? Promise.reject(new Error('never')) : done());
    const { saw } = consume(queue, { handle });
    await right(queue.enqueue(poison));
    await saw(poison);
    const others = Array.from({ length: 5 }, wakeUp);
    for (const other of others) await right(queue.enqueue(other));
    for (const other of others) await saw(other);
    await saw(poison, 3);
  });

  test('a message that was handled is gone', async () => {
    const { queue } = await fresh();
    const message = wakeUp();
    await right(queue.enqueue(message));
    const first = consume(queue);
    await first.saw(message);
    await first.end();

    const second = consume(queue);
    const other = wakeUp();
    await right(queue.enqueue(other));
    await second.saw(other);
    expect(second.handled).not.toContainEqual(message);
  });

  test('a wake-up that arrives while its deployment is handled leads to another handling after it', async () => {
    const { queue } = await fresh();
    const message = wakeUp();
    for (let round = 0; round < 5; round += 1) {
      let arrived = false;
      let handledAfter = 0;
      const { saw, end } = consume(queue, {
        concurrency: 3,
        handle: async () => {
          if (arrived) handledAfter += 1;
          else await right(queue.enqueue(message));
          arrived = true;
        },
      });
      await right(queue.enqueue(message));
      await saw(message, 2);
      await end();
      expect(handledAfter).toBeGreaterThan(0);
    }
  });
};
