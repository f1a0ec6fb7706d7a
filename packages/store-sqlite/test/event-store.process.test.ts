import type { StoredEvent } from '@recourse/core';
import { APPEND_BYTES_MAX, DEPTH_MAX, EVENT_BYTES_MAX } from '@recourse/core/storing';
import { left, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect } from '../src/connection.ts';
import { databaseOf } from '../src/database.ts';
import { sqliteEventStore } from '../src/event-store.ts';
import { fresh, pause, someEvent } from './sample.ts';

const stream = 'deployment-1';
const patience = { timeout: 30_000, interval: 5 };

/** An event whose data and metadata take just so many bytes. */
const eventOf = (bytes: number) => {
  const { data, metadata } = someEvent('');
  const frame = JSON.stringify(data).length + JSON.stringify(metadata).length;
  return someEvent('x'.repeat(bytes - frame));
};

describe('limits', { timeout: 60_000 }, () => {
  test('an event may have a mebibyte, and not a byte more', async () => {
    const { sqlite } = await fresh();
    await right(sqlite.store.append({ stream, expected: 'any', events: [eventOf(EVENT_BYTES_MAX)] }));
    const append = sqlite.store.append({ stream, expected: 'any', events: [eventOf(EVENT_BYTES_MAX + 1)] });
    const error = await left(append);
    expect(error.code).toBe('store/too-large');
    expect(error.message).toContain(String(EVENT_BYTES_MAX));
  });

  test('what counts is bytes, not characters', async () => {
    const { sqlite } = await fresh();
    const events = [someEvent('é'.repeat(EVENT_BYTES_MAX / 2))] as const;
    expect(await left(sqlite.store.append({ stream, expected: 'any', events }))).toMatchObject({
      code: 'store/too-large',
    });
  });

  test('an append may have four, and leaves nothing if it has more', async () => {
    const { sqlite } = await fresh();
    const quarter = () => eventOf(APPEND_BYTES_MAX / 4);
    const events = [quarter(), quarter(), quarter(), quarter()] as const;
    await right(sqlite.store.append({ stream, expected: 'any', events }));
    const more = sqlite.store.append({ stream, expected: 3, events: [...events.map(quarter), someEvent()] as never });
    const error = await left(more);
    expect(error.code).toBe('store/too-large');
    expect(error.message).toContain(String(APPEND_BYTES_MAX));
    expect((await right(sqlite.store.read({ stream }))).version).toBe(3);
  });

  test('data may be nested so deep, and not deeper, and never in a circle', async () => {
    const { sqlite } = await fresh();
    const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    await right(sqlite.store.append({ stream, expected: 'any', events: [someEvent(nested(DEPTH_MAX))] }));
    const circle: unknown[] = [];
    circle.push(circle);
    for (const data of [nested(DEPTH_MAX + 1), circle as never]) {
      const append = sqlite.store.append({ stream, expected: 'any', events: [someEvent(data)] });
      expect(await left(append)).toMatchObject({ code: 'store/invalid-event' });
    }
  });

  test('a refusal tells where, and not what', async () => {
    const { sqlite } = await fresh();
    const events = [someEvent(), someEvent({ steps: [{ log: 'fine' }, { log: 'hunter2\0' }] })] as const;
    const { message } = await left(sqlite.store.append({ stream, expected: 'any', events }));
    expect(message).toContain('events[1].data.steps[1].log holds a NUL character');
    expect(message).not.toContain('hunter2');
  });

  test('a snapshot of what does not come back is refused', async () => {
    const { sqlite } = await fresh();
    const save = (state: never) => left(sqlite.snapshots.save('k', { version: 1, schema: 1, state }));
    expect(await save({ at: new Date(0) } as never)).toMatchObject({ code: 'store/invalid-snapshot' });
    expect(await save('\ud800' as never)).toMatchObject({ code: 'store/invalid-snapshot' });
    expect(await save('x'.repeat(5_000_000) as never)).toMatchObject({ code: 'store/too-large' });
    expect(await left(sqlite.snapshots.save('k', { version: 1.5, schema: 1, state: null }))).toMatchObject({
      code: 'store/invalid-snapshot',
    });
    expect(await right(sqlite.snapshots.load('k'))).toBeNull();
  });
});

describe('the file', { timeout: 60_000 }, () => {
  test('lets nobody change or remove an event', async () => {
    const { sqlite, outside } = await fresh();
    await right(sqlite.store.append({ stream, expected: 'any', events: [someEvent()] }));
    expect(() => outside.exec(`update event set type = 'Other'`)).toThrow('append-only');
    expect(() => outside.exec('delete from event')).toThrow('append-only');
    expect((await right(sqlite.store.read({ stream }))).events.length).toBe(1);
  });

  test('with a row that cannot be read is damaged, not empty', async () => {
    const { sqlite, outside } = await fresh();
    outside.exec(`insert into event values (1, '${stream}', 0, 'e', 'T', 1, '{}', '{"actor":1}')`);
    const damaged = { kind: 'permanent', code: 'store/corrupt' };
    expect(await left(sqlite.store.read({ stream }))).toMatchObject(damaged);
    expect(await left(sqlite.store.readAll({ after: null, limit: 9 }))).toMatchObject(damaged);
    const { signal } = new AbortController();
    expect(await left(sqlite.store.subscribe({ after: null, signal }, async () => {}))).toMatchObject(damaged);
  });

  test('keeps no reader waiting while another process writes', async () => {
    const { sqlite, outside } = await fresh({ lockTimeoutMs: 0 });
    await right(sqlite.store.append({ stream, expected: 'any', events: [someEvent()] }));
    outside.exec('begin immediate');
    expect((await right(sqlite.store.read({ stream }))).version).toBe(0);
    expect((await right(sqlite.store.readAll({ after: null, limit: 9 }))).events.length).toBe(1);
    expect(await right(sqlite.store.head())).toBe('1');
    const append = sqlite.store.append({ stream, expected: 'any', events: [someEvent()] });
    expect(await left(append)).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
    outside.exec('rollback');
    await right(append);
  });

  test('that another process holds is waited for, and the process goes on meanwhile', async () => {
    const { sqlite, outside } = await fresh({ lockTimeoutMs: 30_000 });
    outside.exec('begin immediate');
    const appending = Promise.all(
      [1, 2, 3].map(() => sqlite.store.append({ stream, expected: 'any', events: [someEvent()] })()),
    );
    // Only reached if the wait leaves the event loop free.
    await pause(150);
    outside.exec('rollback');
    expect((await appending).map(({ _tag }) => _tag)).toEqual(['Right', 'Right', 'Right']);
    expect((await right(sqlite.store.read({ stream }))).version).toBe(2);
  });

  test('that is full takes nothing of an append, and goes on when there is room', async () => {
    const { file } = await fresh();
    const connection = await right(TE.fromEither(connect(file)));
    const database = databaseOf(connection, { file, lockTimeoutMs: 100 });
    onTestFinished(() => database.close());
    const events = sqliteEventStore(database);
    await right(events.append({ stream, expected: 'no-stream', events: [someEvent()] }));

    connection.exec('pragma max_page_count = 40');
    const large = { stream, expected: 0, events: [someEvent(), eventOf(500_000)] } as const;
    const error = await left(events.append(large));
    expect(error).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
    expect(error.message).toContain('full');
    expect((await right(events.read({ stream }))).version).toBe(0);

    connection.exec('pragma max_page_count = 100000');
    expect(await right(events.append(large))).toMatchObject({ version: 2, deduplicated: false });
  });
});

describe('a transaction', { timeout: 60_000 }, () => {
  test('that breaks off in the middle is taken back, and the next one is not disturbed', async () => {
    const { sqlite, outside } = await fresh();
    await left(sqlite.queue.enqueue({ v: 1, deploymentId: { not: 'text' } as never }));
    expect(outside.prepare('select * from work').all()).toEqual([]);
    await right(sqlite.store.append({ stream, expected: 'no-stream', events: [someEvent()] }));
    expect((await right(sqlite.store.read({ stream }))).version).toBe(0);
  });

  test('of another process, between the two looks of one read, does not tear its answer', async () => {
    const { file, sqlite } = await fresh();
    const connection = await right(TE.fromEither(connect(file)));
    const database = databaseOf(connection, { file, lockTimeoutMs: 100 });
    onTestFinished(() => database.close());
    const append = (expected: 'no-stream' | 0) =>
      right(sqlite.store.append({ stream, expected, events: [someEvent()] }));
    await append('no-stream');

    let intruded = Promise.resolve<unknown>(undefined);
    const prepare: typeof database.prepare = (sql) => {
      const statement = database.prepare(sql);
      const get = statement.get.bind(statement);
      if (!sql.includes('order by version desc limit 1')) return statement;
      return Object.assign(statement, {
        get: (asked: string) => {
          const row = get(asked);
          intruded = append(0);
          return row;
        },
      });
    };
    const { version, events } = await right(sqliteEventStore({ ...database, prepare }).read({ stream }));
    await intruded;
    expect([version, events.length]).toEqual([0, 1]);
    expect((await right(sqlite.store.read({ stream }))).version).toBe(1);
  });
});

describe('subscribing', { timeout: 60_000 }, () => {
  test('far behind, the batches stay small in number and in bytes', async () => {
    const { sqlite } = await fresh();
    const many = Array.from({ length: 1000 }, (_, n) => someEvent(n));
    await right(sqlite.store.append({ stream, expected: 'any', events: many as never }));
    for (let n = 0; n < 9; n += 1) {
      await right(sqlite.store.append({ stream, expected: 'any', events: [eventOf(EVENT_BYTES_MAX)] }));
    }
    const abort = new AbortController();
    const batches: (readonly StoredEvent[])[] = [];
    const ended = sqlite.store.subscribe({ after: null, signal: abort.signal }, async (batch) => {
      batches.push(batch);
    })();
    await vi.waitFor(() => expect(batches.flat().length).toBe(1009), patience);
    abort.abort();
    await ended;
    expect(batches.flat().map(({ version }) => version)).toEqual(Array.from({ length: 1009 }, (_, i) => i));
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(256);
    const sizes = batches.map((batch) => batch.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0));
    expect(Math.max(...sizes)).toBeLessThan(5 * 2 ** 20);
  });

  test('catching up leaves the process time for other things', async () => {
    const { sqlite } = await fresh();
    const many = Array.from({ length: 1000 }, (_, n) => someEvent(n));
    await right(sqlite.store.append({ stream, expected: 'any', events: many as never }));
    const abort = new AbortController();
    const order: string[] = [];
    setImmediate(() => order.push('other things'));
    const ended = sqlite.store.subscribe({ after: null, signal: abort.signal }, async (batch) => {
      order.push('batch');
      if (batch.at(-1)?.version === 999) abort.abort();
    })();
    await ended;
    expect(order.slice(0, -1)).toContain('other things');
    expect(order.at(-1)).toBe('batch');
  });
});

describe('closing', { timeout: 60_000 }, () => {
  test('ends what is under way, and whatever is asked later, with a typed error; twice is as good as once', async () => {
    const { sqlite } = await fresh();
    const { signal } = new AbortController();
    const subscription = sqlite.store.subscribe({ after: null, signal }, async () => {})();
    const consumer = sqlite.queue.consume({ concurrency: 1, signal }, async () => {})();
    await pause(20);
    sqlite.close();
    sqlite.close();
    const storeError = { _tag: 'Left', left: { kind: 'transient', code: 'store/unavailable' } };
    const queueError = { _tag: 'Left', left: { kind: 'transient', code: 'queue/unavailable' } };
    expect(await subscription).toMatchObject(storeError);
    expect(await consumer).toMatchObject(queueError);
    expect(await sqlite.store.head()()).toMatchObject(storeError);
    expect(await sqlite.queue.consume({ concurrency: 1, signal }, async () => {})()).toMatchObject(queueError);
  });

  test('in a subscriber, and in a handler, ends them too', async () => {
    const { sqlite } = await fresh();
    const { signal } = new AbortController();
    await right(sqlite.store.append({ stream, expected: 'any', events: [someEvent()] }));
    const subscription = sqlite.store.subscribe({ after: null, signal }, async () => sqlite.close());
    expect(await left(subscription)).toMatchObject({ code: 'store/unavailable' });

    const { sqlite: other } = await fresh();
    await right(other.queue.enqueue({ v: 1, deploymentId: 'd1' as never }));
    const consumer = other.queue.consume({ concurrency: 1, signal }, async () => other.close());
    expect(await left(consumer)).toMatchObject({ code: 'queue/unavailable' });
  });
});
