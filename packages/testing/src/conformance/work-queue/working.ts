/** How many are handled at once, and how it ends. */

import { setTimeout as sleep } from 'node:timers/promises';
import { WakeUp } from '@recourse/core';
import { expect, test, vi } from 'vitest';
import { right } from '../outcome.ts';
import { consume, isFor, wakeUp } from './consuming.ts';
import type { Fresh } from './under-test.ts';

export const workingClauses = (fresh: Fresh): void => {
  test('handles at most so many at once, and never two of one deployment', async () => {
    const { queue } = await fresh();
    const messages = Array.from({ length: 6 }, wakeUp);
    const active: string[] = [];
    let widest = 0;
    let doubled = false;
    const { saw } = consume(queue, {
      concurrency: 3,
      handle: async (message) => {
        const { deploymentId } = WakeUp.parse(message);
        doubled ||= active.includes(deploymentId);
        active.push(deploymentId);
        widest = Math.max(widest, active.length);
        await sleep(10);
        active.splice(active.indexOf(deploymentId), 1);
      },
    });
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(messages.map((message) => right(queue.enqueue(message))));
      await sleep(5);
    }
    const last = wakeUp();
    await right(queue.enqueue(last));
    await saw(last);
    for (const message of messages) await saw(message);
    expect({ widest: widest <= 3, doubled }).toEqual({ widest: true, doubled: false });
  });

  test('several deployments are handled side by side', async () => {
    const { queue } = await fresh();
    const entered: unknown[] = [];
    const all = Promise.withResolvers<void>();
    consume(queue, {
      concurrency: 3,
      handle: async (message) => {
        if (entered.push(message) === 3) all.resolve();
        await all.promise;
      },
    });
    for (const message of [wakeUp(), wakeUp(), wakeUp()]) await right(queue.enqueue(message));
    await all.promise;
    expect(entered.length).toBe(3);
  });

  test('the end waits for handlers under way, and takes up nothing new', async () => {
    const { queue } = await fresh();
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const finished: unknown[] = [];
    const { ended, abort, handled } = consume(queue, {
      handle: async (message) => {
        entered.resolve();
        await leave.promise;
        finished.push(message);
      },
    });
    const messages = [wakeUp(), wakeUp(), wakeUp()];
    for (const message of messages) await right(queue.enqueue(message));
    await entered.promise;
    abort.abort();
    const soon = await Promise.race([ended, sleep(100)]);
    expect(soon, 'the handler was still running').toBeUndefined();

    leave.resolve();
    expect(await ended).toEqual({ _tag: 'Right', right: undefined });
    expect([finished.length, handled.length]).toEqual([1, 1]);
    const rest = messages.filter((message) => !handled.some(isFor(message)));
    const { saw } = consume(queue);
    for (const message of rest) await saw(message);
  });

  test('a signal that has aborted before takes up nothing', async () => {
    const { queue } = await fresh();
    await right(queue.enqueue(wakeUp()));
    const handle = vi.fn(async () => {});
    await right(queue.consume({ concurrency: 1, signal: AbortSignal.abort() }, handle));
    expect(handle).not.toHaveBeenCalled();
  });
};
