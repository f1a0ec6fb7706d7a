import { randomUUID } from 'node:crypto';
import { right } from '@recourse/testing';
import pg from 'pg';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startPostgres } from '../../../scripts/engines/postgres.ts';
import { spawner } from '../../../scripts/engines/spawned.ts';
import { openPgBossQueue, type PgBossQueueOptions } from '../src/index.ts';
import { LEASE_MS } from '../src/job-table.ts';
import { consume, patience, wakeUp } from './consuming.ts';

const spawned = spawner(import.meta.url);
const d1 = wakeUp('d1');

/** One database, whose tables take a while to make, and in it a queue for each test. */
const postgres = startPostgres();
afterAll(async () => (await postgres).stop());

/** A handler that takes longer than a lease lasts, beside another process's consumer. Other tests need not wait for it. */
const handleForLong = async () => {
  const { url } = await postgres;
  const name = randomUUID();
  const both = await Promise.all([1, 2].map(() => right(openPgBossQueue({ connection: url, name }))));
  const abort = new AbortController();
  let times = 0;
  const handle = async () => {
    times += 1;
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 1.5));
  };
  const ended = both.map(({ queue }) => right(queue.consume({ concurrency: 1, signal: abort.signal }, handle)));
  for (const { queue } of both.slice(1)) await right(queue.enqueue(d1));
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 1.6));
  abort.abort();
  await Promise.all(ended);
  await Promise.all(both.map(({ close }) => close()));
  return times;
};
const handledForLong = handleForLong();

type ConnectionOf = (url: string, pool: pg.Pool) => PgBossQueueOptions['connection'];

const fresh = async (connectionOf: ConnectionOf = (url) => url) => {
  const { url } = await postgres;
  const name = randomUUID();
  const outside = new pg.Pool({ connectionString: url });
  const { queue, close } = await right(openPgBossQueue({ connection: connectionOf(url, outside), name }));
  onTestFinished(async () => {
    await close();
    await outside.end();
  });
  const select = 'select state, singleton_key from recourse_queue.job where name = $1';
  const jobs = async () => (await outside.query(select, [name])).rows;
  return { url, name, queue, outside, jobs };
};

describe('the queue in PostgreSQL', () => {
  test('what waits when a handling begins is answered by it, and nothing is left of what was handled', async () => {
    const { queue, jobs } = await fresh();
    for (const delayMs of [0, 0, 60_000, 0]) await right(queue.enqueue(d1, { delayMs }));
    await right(queue.enqueue(wakeUp('d2'), { delayMs: 60_000 }));
    const { handled, saw } = consume(queue);
    await saw(d1);
    const rest = [{ state: 'created', singleton_key: 'd2' }];
    await vi.waitFor(async () => expect(await jobs()).toEqual(rest), patience);
    expect(handled).toEqual([d1]);
  });

  test('what comes while a handling is under way is not', async () => {
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
    const { queue, outside, jobs, name } = await fresh();
    const leave = Promise.withResolvers<void>();
    const widths: number[] = [];
    let active = 0;
    const { saw } = consume(queue, async (message) => {
      if (JSON.stringify(message) !== JSON.stringify(d1)) return;
      widths.push(++active);
      await leave.promise;
      active -= 1;
    });
    await right(queue.enqueue(d1));
    await saw(d1);
    await outside.query(`update recourse_queue.job set state = 'retry' where name = $1`, [name]);
    await right(queue.enqueue(wakeUp('d2')));
    await saw(wakeUp('d2'));
    leave.resolve();
    await vi.waitFor(async () => expect(await jobs()).toEqual([]), patience);
    expect(Math.max(...widths)).toBe(1);
  });

  test('what a process says of a job that another has taken meanwhile changes nothing', async () => {
    const { queue, outside, jobs, name } = await fresh();
    const leave = Promise.withResolvers<void>();
    const { saw, abort, ended } = consume(queue, () => leave.promise);
    await right(queue.enqueue(d1));
    await saw(d1);
    const take = `update recourse_queue.job set retry_count = 1, heartbeat_on = now() + interval '1 hour' where name = $1`;
    await outside.query(take, [name]);
    abort.abort();
    leave.resolve();
    await ended;
    expect(await jobs()).toEqual([{ state: 'active', singleton_key: 'd1' }]);
  });

  test('works on a pool of the platform, which it leaves open', async () => {
    const { queue, outside } = await fresh((_, pool) => ({
      executeSql: (text, values) => pool.query(text, values),
    }));
    const { saw } = consume(queue);
    await right(queue.enqueue(d1));
    await saw(d1);
    expect((await outside.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('several processes', () => {
  test('open a queue on an empty database at once', async () => {
    const { url, stop } = await startPostgres();
    const all = await Promise.all(Array.from({ length: 6 }, () => right(openPgBossQueue({ connection: url }))));
    onTestFinished(async () => {
      await Promise.all(all.map(({ close }) => close()));
      await stop();
    });
    const [first, last] = [all[0], all[5]];
    if (!first || !last) throw new Error('there are six');
    const { saw } = consume(last.queue);
    await right(first.queue.enqueue(d1));
    await saw(d1);
  });

  test('never handle the same deployment at once, and miss no wake-up', async () => {
    const { url, name, queue } = await fresh();
    const consumers = [spawned('busy-consumer.ts', url, name), spawned('busy-consumer.ts', url, name)];
    const messages = ['d1', 'd2', 'd3', 'd4', 'd5'].map(wakeUp);
    type Handling = Readonly<{ message: { deploymentId: string }; began: number; ended: number }>;
    const handlings = (): Handling[] => consumers.flatMap(({ lines }) => lines().map((line) => JSON.parse(line)));
    const queuedAt = new Map<string, number>();
    for (let round = 0; round < 40 || consumers.some(({ lines }) => lines().length === 0); round += 1) {
      for (const message of messages) queuedAt.set(message.deploymentId, Number(process.hrtime.bigint()));
      await Promise.all(messages.map((message) => right(queue.enqueue(message))));
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

  test('a handler that runs for longer than a lease lasts keeps its message from everybody else', async () => {
    expect(await handledForLong).toBe(1);
  });
});
