/** What a subscriber is given while others hold transactions open, take them back, and the server goes away. */
import { randomUUID } from 'node:crypto';
import type { EventStore, StoredEvent } from '@recourse/core';
import { right } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPrivatePostgres } from '../../../scripts/engines/postgres.ts';
import { lockKey } from '../src/schema.ts';
import { connect, open, pause, someDatabase, someEvent, someSchema, someStream } from './some-database.ts';

const database = someDatabase();
const patience = { timeout: 30_000 };

const logOf = async (store: EventStore) => (await right(store.readAll({ after: null, limit: 100_000 }))).events;

const follow = (store: EventStore, after: string | null) => {
  const abort = new AbortController();
  const seen: StoredEvent[] = [];
  const ended = store.subscribe({ after, signal: abort.signal }, async (events) => void seen.push(...events))();
  onTestFinished(() => abort.abort());
  return {
    seen,
    end: async () => {
      abort.abort();
      return ended;
    },
    ended,
  };
};

const append = (store: EventStore, count = 1) => {
  const [first = someEvent(), ...rest] = Array.from({ length: count }, someEvent);
  return right(store.append({ stream: someStream(), expected: 'any', events: [first, ...rest] }));
};

/** A writer of its own in SQL that keeps to the lock: it draws its positions, waits, and takes every third one back. */
const slowWriter = async (schema: string, times: number): Promise<number> => {
  const client = await connect(database.url());
  let kept = 0;
  for (let n = 0; n < times; n += 1) {
    await client.query(`begin; select pg_advisory_xact_lock(${lockKey(schema)})`);
    const { rows } = await client.query(`select coalesce(max(position), 0)::int as position from ${schema}.event`);
    for (const offset of [1, 2])
      await client.query(`insert into ${schema}.event values ($1, $2, 0, 'e', 'StepStarted', 1, 'null', $3)`, [
        rows[0].position + offset,
        `deployment-${randomUUID()}`,
        JSON.stringify(someEvent().metadata),
      ]);
    await pause(n % 7);
    const keep = n % 3 !== 0;
    await client.query(keep ? 'commit' : 'rollback');
    if (keep) kept += 2;
  }
  return kept;
};

test('nothing is missed, repeated or out of order, from the middle, with restarts, beside writers who are slow to commit', async () => {
  const schema = someSchema();
  const stores = await Promise.all(
    [1, 2, 3].map(async () => (await open({ connection: database.url(), schema })).store),
  );
  const { store } = await open({ connection: database.url(), schema });
  await append(store, 10);
  const middle = (await logOf(store))[4]?.position ?? null;

  const steady = follow(store, middle);
  let writing = true;
  const restarted: StoredEvent[] = [];
  const restarting = (async () => {
    for (let turn = 0; writing || restarted.at(-1)?.position !== (await right(store.head())); turn += 1) {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), 30 + (turn % 3) * 20);
      const from = restarted.at(-1)?.position ?? middle;
      const mine = stores[turn % stores.length] ?? store;
      await mine.subscribe({ after: from, signal: abort.signal }, async (events) => void restarted.push(...events))();
      clearTimeout(timer);
    }
  })();
  const quick = async (events: EventStore) => {
    for (let n = 0; n < 60; n += 1) {
      await append(events, 1 + (n % 3));
      await pause(n % 4);
    }
  };
  const kept = await Promise.all([slowWriter(schema, 40), slowWriter(schema, 40), ...stores.map(quick)]);
  writing = false;
  await restarting;

  const log = await logOf(store);
  expect(kept.slice(0, 2)).toEqual([52, 52]);
  expect(log.length).toBe(10 + 52 + 52 + 3 * 120);
  expect(log.map(({ position }) => Number(position))).toEqual(log.map((_, i) => i + 1));
  await expect.poll(() => steady.seen.length, patience).toBe(log.length - 5);
  expect(steady.seen).toEqual(log.slice(5));
  expect(restarted).toEqual(log.slice(5));
});

test('far behind, the batches stay small in number and in bytes', async () => {
  const { store } = await open({ connection: database.url(), schema: someSchema() });
  await append(store, 600);
  const large = () =>
    right(store.append({ stream: someStream(), expected: 'any', events: [someEvent('x'.repeat(1_000_000))] }));
  for (let n = 0; n < 9; n += 1) await large();
  const abort = new AbortController();
  const batches: (readonly StoredEvent[])[] = [];
  await store.subscribe({ after: null, signal: abort.signal }, async (batch) => {
    batches.push(batch);
    if (batches.flat().length === 609) abort.abort();
  })();
  expect(batches.flat()).toEqual(await logOf(store));
  expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(256);
  const sizes = batches.map((batch) => batch.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0));
  expect(Math.max(...sizes)).toBeLessThan(5 * 2 ** 20);
});

test('what another process appends is heard long before the next look', async () => {
  const schema = someSchema();
  const [{ store }, other] = [
    await open({ connection: database.url(), schema }),
    await open({ connection: database.url(), schema }),
  ];
  const { seen, end } = follow(store, null);
  await append(other.store);
  await expect.poll(() => seen.length, patience).toBe(1);
  await pause(300);
  const lags: number[] = [];
  for (let n = 2; n < 12; n += 1) {
    await append(other.store);
    const from = performance.now();
    while (seen.length < n) await pause(1);
    lags.push(performance.now() - from);
    await pause(25);
  }
  expect(lags.sort((a, b) => a - b)[4]).toBeLessThan(100);
  await end();
});

describe('a server that goes away', () => {
  test('and comes back: a subscription goes on where it was; it ends with its signal also meanwhile', async () => {
    const { url, kill, start, stop } = await startPrivatePostgres();
    onTestFinished(stop);
    const [{ store }, other] = [await open({ connection: url }), await open({ connection: url })];
    await append(store, 3);
    const going = follow(store, null);
    const ending = follow(store, null);
    await expect.poll(() => going.seen.length, patience).toBe(3);
    await kill();
    await store.append({ stream: 'deployment-1', expected: 'any', events: [someEvent()] })();
    await pause(300);
    expect(await ending.end()).toEqual({ _tag: 'Right', right: undefined });
    const failed = await store.subscribe({ after: null, signal: new AbortController().signal }, async () => {})();
    expect(failed).toMatchObject({ _tag: 'Left', left: { kind: 'transient', code: 'store/unavailable' } });
    await start();
    await append(other.store, 2);
    await expect.poll(() => going.seen.length, patience).toBe(5);
    expect(going.seen).toEqual(await logOf(other.store));
    await going.end();
  });

  test('only as a connection that is ended: nothing is lost, and it is listened again', async () => {
    const schema = someSchema();
    const [{ store }, other] = [
      await open({ connection: database.url(), schema }),
      await open({ connection: database.url(), schema }),
    ];
    const { seen, end } = follow(store, null);
    await append(other.store);
    await expect.poll(() => seen.length, patience).toBe(1);
    const client = await connect(database.url());
    for (let n = 1; n <= 5; n += 1) {
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`);
      // Some meet a connection that has just been ended: asked again, with the same events.
      const request = { stream: 'deployment-1', expected: 'any', events: [someEvent()] } as const;
      await expect.poll(async () => (await other.store.append(request)())._tag, patience).toBe('Right');
    }
    const log = await logOf(other.store);
    expect(log.length).toBe(6);
    await expect.poll(() => seen.length, patience).toBe(log.length);
    expect(seen).toEqual(log);
    await end();
  });
});

test('closing ends subscriptions and whatever is asked later, with a typed error; twice is as good as once', async () => {
  const { store, snapshots, close } = await open({ connection: database.url(), schema: someSchema() });
  const { ended } = follow(store, null);
  await pause(50);
  await Promise.all([close(), close()]);
  const unavailable = { _tag: 'Left', left: { kind: 'transient', code: 'store/unavailable' } };
  expect(await ended).toMatchObject(unavailable);
  expect(await store.head()()).toMatchObject(unavailable);
  expect(await snapshots.load('k')()).toMatchObject(unavailable);
});
