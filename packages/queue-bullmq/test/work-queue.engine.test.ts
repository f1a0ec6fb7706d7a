import { right } from '@recourse/testing';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startRedis } from '../../../scripts/engines/redis.ts';
import { spawner } from '../../../scripts/engines/spawned.ts';
import { LOCK_MS } from '../src/consumer.ts';
import { openBullmqQueue } from '../src/index.ts';
import { consume, patience, wakeUp } from './consuming.ts';

const spawned = spawner(import.meta.url);
const d1 = wakeUp('d1');

/** A handler that takes longer than a lock lasts, beside another process's consumer. Other tests need not wait for it. */
const handleForLong = async () => {
  const { url, prefix, stop } = await startRedis();
  const both = await Promise.all([1, 2].map(() => right(openBullmqQueue({ connection: url, prefix }))));
  const abort = new AbortController();
  let times = 0;
  const handle = async () => {
    times += 1;
    await new Promise((resolve) => setTimeout(resolve, LOCK_MS * 1.5));
  };
  const ended = both.map(({ queue }) => right(queue.consume({ concurrency: 1, signal: abort.signal }, handle)));
  for (const { queue } of both.slice(1)) await right(queue.enqueue(d1));
  await new Promise((resolve) => setTimeout(resolve, LOCK_MS * 1.6));
  abort.abort();
  await Promise.all(ended);
  await Promise.all(both.map(({ close }) => close()));
  await stop();
  return times;
};
const handledForLong = handleForLong();

const fresh = async () => {
  const { url, prefix, stop } = await startRedis();
  const { queue, close } = await right(openBullmqQueue({ connection: url, prefix }));
  const outside = new Redis(url);
  onTestFinished(async () => {
    await close();
    outside.disconnect();
    await stop();
  });
  const key = (name: string) => `${prefix}:recourse-work:${name}`;
  return { url, prefix, queue, outside, key };
};

describe('the queue in Redis', () => {
  test('keeps one wake-up of a deployment that waits, and none that was handled', async () => {
    const { queue, outside, key, prefix } = await fresh();
    await Promise.all(Array.from({ length: 50 }, () => right(queue.enqueue(d1))));
    expect(await outside.llen(key('wait'))).toBe(1);
    const { saw, handled } = consume(queue);
    await saw(d1);
    const jobs = async () => (await outside.keys(`${prefix}:*`)).filter((name) => /:\d+(:lock)?$/.test(name));
    await vi.waitFor(async () => expect(await jobs()).toEqual([]), patience);
    expect(handled).toEqual([d1]);
    expect(await outside.xlen(key('events'))).toBeLessThan(1000);
  });

  test('a wake-up for later is answered by a handling that began after it was queued', async () => {
    const { queue, outside, key } = await fresh();
    const { handled, saw } = consume(queue);
    await right(queue.enqueue(d1, { delayMs: 300 }));
    await right(queue.enqueue(d1));
    await saw(d1);
    await vi.waitFor(async () => expect(await outside.zcard(key('delayed'))).toBe(0), patience);
    await vi.waitFor(async () => expect(await outside.llen(key('active'))).toBe(0), patience);
    expect(handled).toEqual([d1]);
  });

  test('one for later that was queued while its deployment was handled is not', async () => {
    const { queue } = await fresh();
    let queued = false;
    const { handled } = consume(queue, async () => {
      if (!queued) await right(queue.enqueue(d1, { delayMs: 100 }));
      queued = true;
    });
    await right(queue.enqueue(d1));
    await vi.waitFor(() => expect(handled).toEqual([d1, d1]), patience);
  });

  test('a job that is taken from a process while it handles it is not handled twice at once there', async () => {
    const { queue, outside, key } = await fresh();
    const leave = Promise.withResolvers<void>();
    const widths: number[] = [];
    let active = 0;
    const { handled, saw } = consume(queue, async (message) => {
      if (JSON.stringify(message) !== JSON.stringify(d1)) return;
      widths.push(++active);
      await leave.promise;
      active -= 1;
    });
    await right(queue.enqueue(d1));
    await saw(d1);
    const [job = ''] = await outside.lrange(key('active'), 0, -1);
    await outside
      .multi()
      .lrem(key('active'), 0, job)
      .del(key(`${job}:lock`))
      .lpush(key('wait'), job)
      .exec();
    await right(queue.enqueue(wakeUp('d2')));
    await saw(wakeUp('d2'));
    const under = async () => [await outside.llen(key('wait')), await outside.llen(key('active'))];
    await vi.waitFor(async () => expect(await under()).toEqual([0, 0]), patience);
    expect(await outside.exists(key(job)), 'should this process die, another has to find it').toBe(1);
    leave.resolve();
    await vi.waitFor(() => expect(handled.filter((message) => message !== d1).length).toBeGreaterThan(1), patience);
    await vi.waitFor(async () => expect(await outside.exists(key(job))).toBe(0), patience);
    expect(Math.max(...widths)).toBe(1);
  });

  test('a wake-up that another process takes while its deployment is handled is handled after that', async () => {
    const { url, prefix, queue, outside, key } = await fresh();
    const other = await right(openBullmqQueue({ connection: url, prefix }));
    onTestFinished(other.close);
    const leave = Promise.withResolvers<void>();
    const mine = consume(queue, () => leave.promise);
    await right(queue.enqueue(d1));
    await mine.saw(d1);
    mine.abort.abort();
    await right(queue.enqueue(d1));
    const theirs = consume(other.queue);
    await vi.waitFor(async () => expect(await outside.zcard(key('delayed'))).toBe(1), patience);
    expect(theirs.handled).toEqual([]);
    leave.resolve();
    await theirs.saw(d1);
  });

  test('what it remembers of ids that Redis has lost keeps nothing from being handled', async () => {
    const { queue, outside, key } = await fresh();
    const { saw, handled } = consume(queue);
    await outside.set(key('id'), 1000);
    await right(queue.enqueue(d1));
    await saw(d1);
    await vi.waitFor(async () => expect(await outside.llen(key('active'))).toBe(0), patience);
    await outside.del(key('id'));
    await right(queue.enqueue(d1));
    await vi.waitFor(() => expect(handled).toEqual([d1, d1]), patience);
  });

  test('is not stopped by what is no job of anybody', async () => {
    const { queue, outside, key } = await fresh();
    await outside.hset(key('no-json'), { name: 'x', data: '{not json', opts: '{}', timestamp: '1' });
    await outside.lpush(key('wait'), 'nobody', 'no-json', '');
    await outside.zadd(key('delayed'), 1, 'nobody-either');
    const { saw } = consume(queue);
    for (const name of ['d1', 'd2', 'd3']) {
      await right(queue.enqueue(wakeUp(name)));
      await saw(wakeUp(name));
    }
  });

  test('what somebody else let fail for good in BullMQ is not what a handler that rejects does', async () => {
    const { queue, outside, key } = await fresh();
    let left = 2;
    const { handled } = consume(queue, () => (left-- > 0 ? Promise.reject(new Error('not yet')) : Promise.resolve()));
    await outside.hset(key('planted'), {
      name: 'x',
      data: '{"deploymentId":"d1"}',
      opts: '{"attempts":1}',
      timestamp: '1',
    });
    await outside.lpush(key('wait'), 'planted');
    await right(queue.enqueue(wakeUp('d2')));
    await vi.waitFor(() => expect(handled.length).toBeGreaterThanOrEqual(4), patience);
    await vi.waitFor(async () => expect(await outside.exists(key('planted'))).toBe(0), patience);
    expect(await outside.zcard(key('failed'))).toBe(0);
  });
});

describe('several processes on one queue', () => {
  test('never handle the same deployment at once, and miss no wake-up', async () => {
    const { url, prefix, queue } = await fresh();
    const consumers = [spawned('busy-consumer.ts', url, prefix), spawned('busy-consumer.ts', url, prefix)];
    const messages = ['d1', 'd2', 'd3', 'd4', 'd5'].map(wakeUp);
    type Handling = Readonly<{ message: { deploymentId: string }; began: number; ended: number }>;
    const handlings = (): Handling[] => consumers.flatMap(({ lines }) => lines().map((line) => JSON.parse(line)));
    const queuedAt = new Map<string, number>();
    for (let round = 0; round < 40 || consumers.some(({ lines }) => lines().length === 0); round += 1) {
      for (const message of messages) {
        queuedAt.set(message.deploymentId, Number(process.hrtime.bigint()));
        await right(queue.enqueue(message));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const [deployment, at] of queuedAt) {
      const after = () => handlings().filter(({ message, began }) => message.deploymentId === deployment && began > at);
      await vi.waitFor(() => expect(after().length).toBeGreaterThan(0), patience);
    }
    const overlaps = handlings().filter((one) =>
      handlings().some(
        (two) =>
          two.message.deploymentId === one.message.deploymentId && two.began > one.began && two.began < one.ended,
      ),
    );
    expect(overlaps).toEqual([]);
  });

  test('a handler that runs for longer than a lock lasts keeps its message from everybody else', async () => {
    expect(await handledForLong).toBe(1);
  });
});
