import { DeploymentId, type WakeUp, type WorkQueue } from '@recourse/core';
import { right } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LEASE_MS } from '../src/work-rows.ts';
import { fresh, pause } from './sample.ts';
import { spawned } from './spawned.ts';

const patience = { timeout: 30_000, interval: 5 };
const wakeUp = (name: string): WakeUp => ({ v: 1, deploymentId: DeploymentId.parse(name) });
const d1 = wakeUp('d1');

/** A consumer that ends with the test, and what it was given. */
const consume = (queue: WorkQueue, handle: (message: unknown) => Promise<void> = async () => {}, concurrency = 1) => {
  const abort = new AbortController();
  const handled: unknown[] = [];
  const ended = queue.consume({ concurrency, signal: abort.signal }, (message) => {
    handled.push(message);
    return handle(message);
  })();
  onTestFinished(async () => {
    abort.abort();
    await ended;
  });
  const saw = (count: number) => vi.waitFor(() => expect(handled.length).toBeGreaterThanOrEqual(count), patience);
  return { handled, saw };
};

describe('the embedded queue', { timeout: 60_000 }, () => {
  test('keeps one message a deployment, due at the earliest time that was asked for', async () => {
    const { sqlite, outside } = await fresh();
    const due = async (delayMs: number) => {
      await right(sqlite.queue.enqueue(d1, { delayMs }));
      const rows = outside.prepare('select due_at - ? as due_in from work').all(Date.now());
      expect(rows.length).toBe(1);
      return Math.round(Number(rows[0]?.['due_in']) / 100_000);
    };
    expect(await due(5_000_000)).toBe(50);
    expect(await due(9_000_000)).toBe(50);
    expect(await due(1_000_000)).toBe(10);
    const { handled, saw } = consume(sqlite.queue);
    await right(sqlite.queue.enqueue(d1));
    await saw(1);
    await vi.waitFor(() => expect(outside.prepare('select * from work').all()).toEqual([]), patience);
    expect(handled).toEqual([d1]);
  });

  test('of wake-ups that come while one is handled, keeps the earliest', async () => {
    const { sqlite, outside } = await fresh();
    const { saw } = consume(sqlite.queue, async () => {
      await right(sqlite.queue.enqueue(d1, { delayMs: 9_000_000 }));
      await right(sqlite.queue.enqueue(d1, { delayMs: 1_000_000 }));
      await right(sqlite.queue.enqueue(d1, { delayMs: 5_000_000 }));
    });
    await right(sqlite.queue.enqueue(d1));
    await saw(1);
    const waiting = () => outside.prepare('select due_at - ? as due_in, claim, deliveries from work').get(Date.now());
    await vi.waitFor(() => expect(waiting()?.['claim']).toBeNull(), patience);
    expect(Math.round(Number(waiting()?.['due_in']) / 100_000)).toBe(10);
    expect(waiting()?.['deliveries'], 'what went well before is no reason to rest').toBe(0);
  });

  test("a wake-up for later that came while a process worked that died is kept apart from that process's message", async () => {
    const { sqlite, outside } = await fresh();
    const later = Date.now() + 9_000_000;
    outside.exec(
      `insert into work (deployment, message, due_at, claim, again_at) values ('d1', '{}', 0, 'x', ${later})`,
    );
    const { saw } = consume(sqlite.queue);
    await saw(1);
    const row = () => outside.prepare('select due_at, claim, again_at from work').get();
    await vi.waitFor(() => expect(row()).toMatchObject({ due_at: later, claim: null, again_at: null }), patience);
  });

  test('a handler that runs for longer than a claim lasts keeps its message from everybody else', async () => {
    const { sqlite, openOne } = await fresh();
    const other = await openOne();
    let finished = false;
    const slow = consume(sqlite.queue, async () => {
      await pause(LEASE_MS * 1.5);
      finished = true;
    });
    await right(sqlite.queue.enqueue(d1));
    await slow.saw(1);
    const idle = consume(other.queue, async () => expect(finished).toBe(true));
    await vi.waitFor(() => expect(finished).toBe(true), patience);
    await right(other.queue.enqueue(wakeUp('d2')));
    await vi.waitFor(() => expect([...slow.handled, ...idle.handled].length).toBe(2), patience);
    expect(idle.handled).not.toContainEqual(d1);
  });

  test('a process that stood still for longer than a claim lasts does not take up the same message twice', async () => {
    const { sqlite } = await fresh();
    let active = 0;
    const widths: number[] = [];
    const handle = async () => {
      widths.push(++active);
      if (widths.length === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_MS + 200);
      await pause(100);
      active -= 1;
    };
    const [one, two] = [consume(sqlite.queue, handle), consume(sqlite.queue, handle)];
    await right(sqlite.queue.enqueue(d1));
    await vi.waitFor(() => expect(one.handled.length + two.handled.length).toBeGreaterThan(0), patience);
    await vi.waitFor(() => expect(active).toBe(0), patience);
    await right(sqlite.queue.enqueue(wakeUp('d2')));
    await vi.waitFor(() => expect(one.handled.length + two.handled.length).toBe(2), patience);
    expect(widths).toEqual([1, 1]);
  });

  test('a message that fails again and again rests longer each time, but never for long', async () => {
    const { sqlite, outside } = await fresh();
    const restOf = async (deliveries: number) => {
      outside.exec('delete from work');
      const insert = `insert into work (deployment, message, due_at, deliveries) values ('d1', '{}', 0, ?)`;
      outside.prepare(insert).run(deliveries);
      const abort = new AbortController();
      const before = Date.now();
      await right(
        sqlite.queue.consume({ concurrency: 1, signal: abort.signal }, async () => {
          abort.abort();
          throw new Error('no');
        }),
      );
      const row = outside.prepare('select due_at, deliveries, claim from work').get();
      expect(row).toMatchObject({ deliveries: deliveries + 1, claim: null });
      return Number(row?.['due_at']) - before;
    };
    const rests = [await restOf(0), await restOf(2), await restOf(4)];
    expect(rests[0]).toBeGreaterThanOrEqual(100);
    expect(rests[1]).toBeGreaterThanOrEqual(400);
    expect(rests[2]).toBeGreaterThanOrEqual(1600);
    expect(await restOf(100)).toBeLessThan(10_000);
  });

  test('a message that was only just claimed when the end came is not begun, and is there for the next', async () => {
    const { sqlite, outside } = await fresh();
    await right(sqlite.queue.enqueue(d1));
    outside.exec('begin immediate');
    const abort = new AbortController();
    const handle = vi.fn(async () => {});
    const ended = sqlite.queue.consume({ concurrency: 1, signal: abort.signal }, handle)();
    await pause(20);
    abort.abort();
    outside.exec('rollback');
    expect(await ended).toEqual({ _tag: 'Right', right: undefined });
    expect(handle).not.toHaveBeenCalled();
    expect(outside.prepare('select deployment, claim from work').get()).toMatchObject({
      deployment: 'd1',
      claim: null,
    });
  });

  test('a consumer outlasts an outage of the file', async () => {
    const { sqlite, outside } = await fresh({ lockTimeoutMs: 10 });
    await right(sqlite.queue.enqueue(d1));
    outside.exec('begin immediate');
    const { handled, saw } = consume(sqlite.queue);
    await pause(300);
    expect(handled).toEqual([]);
    outside.exec('rollback');
    await saw(1);
  });

  test('what is no JSON is handed over as the text that it is', async () => {
    const { sqlite, outside } = await fresh();
    const { handled, saw } = consume(sqlite.queue);
    outside.exec(`insert into work (deployment, message, due_at) values ('d1', 'not {json', 0)`);
    await saw(1);
    expect(handled).toEqual(['not {json']);
  });

  test('more wake-ups than can be handled are handled in the order in which they are due', async () => {
    const { sqlite, outside } = await fresh();
    const insert = outside.prepare(`insert into work (deployment, message, due_at) values (?, ?, ?)`);
    for (const n of [3, 1, 4, 0, 2]) insert.run(`d${n}`, String(n), 1000 + n);
    const { handled, saw } = consume(sqlite.queue);
    await saw(5);
    expect(handled).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('several processes on one queue', { timeout: 60_000 }, () => {
  test('never handle the same deployment at once, and miss no wake-up', async () => {
    const { file, sqlite } = await fresh();
    const consumers = [spawned('busy-consumer.ts', file, '20'), spawned('busy-consumer.ts', file, '20')];
    const messages = ['d1', 'd2', 'd3', 'd4', 'd5'].map(wakeUp);
    const queuedAt = new Map<string, number>();
    type Handling = Readonly<{ message: WakeUp; began: number; ended: number }>;
    const handlings = (): Handling[] => consumers.flatMap(({ lines }) => lines().map((line) => JSON.parse(line)));
    await right(sqlite.queue.enqueue(wakeUp('d0')));
    await vi.waitFor(() => expect(handlings().length).toBe(1), patience);

    for (let round = 0; round < 30; round += 1) {
      for (const message of messages) {
        queuedAt.set(message.deploymentId, Number(process.hrtime.bigint()));
        await right(sqlite.queue.enqueue(message));
      }
      await pause(7);
    }
    for (const [deployment, at] of queuedAt) {
      const begunAfter = () =>
        handlings().filter(({ message, began }) => message.deploymentId === deployment && began > at);
      await vi.waitFor(() => expect(begunAfter().length).toBeGreaterThan(0), patience);
    }

    const overlaps = handlings().filter((one) =>
      handlings().some(
        (two) =>
          two.message.deploymentId === one.message.deploymentId && two.began > one.began && two.began < one.ended,
      ),
    );
    expect(overlaps).toEqual([]);
  });
});
