/** One lock for all who append, and what comes of those who wait for it. */
import { APPEND_BYTES_MAX, EVENT_BYTES_MAX } from '@recourse/core/storing';
import { left, right } from '@recourse/testing';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { databaseOf } from '../src/database.ts';
import { lockKey } from '../src/schema.ts';
import { connect, open, pause, someDatabase, someEvent, someSchema, someStream } from './some-database.ts';

const database = someDatabase();
const unavailable = { kind: 'transient', code: 'store/unavailable' };
const append = (stream = someStream()) => ({ stream, expected: 'any', events: [someEvent()] }) as const;

/** A session that took the lock and does not get on; returns what lets it go. */
const stalled = async (schema: string): Promise<() => Promise<unknown>> => {
  const client = await connect(database.url());
  await client.query(`begin; select pg_advisory_xact_lock(${lockKey(schema)})`);
  return () => client.query('rollback');
};

const took = async (act: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await act();
  return performance.now() - from;
};

describe('a writer that stalls', () => {
  test('holds up the others only so long, who then know that nothing was written', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema, lockTimeoutMs: 300 });
    await right(store.append(append()));
    const letGo = await stalled(schema);

    const request = append();
    const ms = await took(async () => {
      const error = await left(store.append(request));
      expect(error).toMatchObject(unavailable);
      expect(error.message).toMatch(/another writer.*nothing was written/);
    });
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(5000);
    expect((await right(store.readAll({ after: null, limit: 9 }))).events.length).toBe(1);

    await letGo();
    expect(await right(store.append(request))).toMatchObject({ version: 0, deduplicated: false });
  });

  test('is waited for', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema, lockTimeoutMs: 30_000 });
    const letGo = await stalled(schema);
    const appending = Promise.all([1, 2, 3].map(() => store.append(append())()));
    await pause(100);
    await letGo();
    expect((await appending).map(({ _tag }) => _tag)).toEqual(['Right', 'Right', 'Right']);
  });

  test('is not waited for by those who read, or append elsewhere', async () => {
    const schema = someSchema();
    const options = { connection: database.url(), lockTimeoutMs: 200 };
    const [{ store }, other] = [await open({ ...options, schema }), await open({ ...options, schema: someSchema() })];
    const request = append();
    await right(store.append(request));
    const letGo = await stalled(schema);
    expect((await right(store.read({ stream: request.stream }))).version).toBe(0);
    expect(await right(store.head())).toBe('1');
    await right(other.store.append(append()));
    await letGo();
  });

  test('and an impatient server: that is said, too', async () => {
    const schema = someSchema();
    await open({ connection: database.url(), schema });
    const url = new URL(database.url());
    url.searchParams.set('options', '-c statement_timeout=200');
    const { store } = await open({ connection: url.href, schema });
    const letGo = await stalled(schema);
    const error = await left(store.append(append()));
    expect(error).toMatchObject(unavailable);
    expect(error.message).toContain('statement_timeout');
    await letGo();
    await right(store.append(append()));
  });
});

test('a transaction that was left open holds up nobody, whatever it wrote', async () => {
  const schema = someSchema();
  const { store } = await open({ connection: database.url(), schema, lockTimeoutMs: 500 });
  const forgotten = await connect(database.url());
  await forgotten.query(`create table ${schema}.note (text text)`);
  await forgotten.query(`begin; insert into ${schema}.note values ('x'); select * from ${schema}.event`);
  const abort = new AbortController();
  const seen: string[] = [];
  const following = store.subscribe({ after: null, signal: abort.signal }, async (events) => {
    seen.push(...events.map(({ stream }) => stream));
  })();
  const requests = [append(), append()];
  for (const request of requests) await right(store.append(request));
  await expect.poll(() => seen).toEqual(requests.map(({ stream }) => stream));
  abort.abort();
  await following;
});

describe('appends that meet', () => {
  test('share a transaction, and so the wait for the disk', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema });
    await Promise.all(Array.from({ length: 50 }, () => right(store.append(append()))));
    const client = await connect(database.url());
    const { rows } = await client.query(
      `select count(distinct xmin::text)::int as n, count(*)::int as events from ${schema}.event`,
    );
    expect(rows).toEqual([{ n: 2, events: 50 }]);
  });

  test('are answered one by one: the same stream, a repetition, a conflict', async () => {
    const { store } = await open({ connection: database.url(), schema: someSchema() });
    const stream = someStream();
    const once = { stream, expected: 'no-stream', events: [someEvent(), someEvent()] } as const;
    const late = { stream, expected: 'no-stream', events: [someEvent()] } as const;
    const next = { stream, expected: 1, events: [someEvent()] } as const;
    const answers = await Promise.all([append(), once, late, once, next].map((request) => store.append(request)()));
    expect(answers).toMatchObject([
      { right: { version: 0, deduplicated: false } },
      { right: { version: 1, position: '3', deduplicated: false } },
      { left: { code: 'store/wrong-expected-version', actual: 1 } },
      { right: { version: 1, position: '3', deduplicated: true } },
      { right: { version: 2, position: '4', deduplicated: false } },
    ]);
  });

  test('do not fail by the fault of one of them', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema });
    const client = await connect(database.url());
    await client.query(`create function ${schema}.refuse_poison() returns trigger language plpgsql as $$
      begin raise exception 'poison'; end $$;
      create trigger refuse_poison before insert on ${schema}.event for each row
        when (new.stream = 'deployment-poison') execute function ${schema}.refuse_poison()`);
    const requests = [append(), append(), append('deployment-poison'), append(), append()];
    const answers = await Promise.all(requests.map((request) => store.append(request)()));
    expect(answers.map(({ _tag }) => _tag)).toEqual(['Right', 'Right', 'Left', 'Right', 'Right']);
    expect(answers[2]).toMatchObject({ left: { message: expect.stringContaining('poison') } });
    expect((await right(store.readAll({ after: null, limit: 9 }))).events.length).toBe(4);
  });

  test('are all taken, however large: limits are of one append', async () => {
    const { store } = await open({ connection: database.url(), schema: someSchema() });
    const frame = JSON.stringify('').length + JSON.stringify(someEvent().metadata).length;
    const largest = () => someEvent('x'.repeat(EVENT_BYTES_MAX - frame));
    const quarters = [largest(), largest(), largest(), largest()] as const;
    const full = () => ({ ...append(), events: quarters });
    const answers = await Promise.all(
      [append(), full(), full(), full(), append()].map((request) => store.append(request)()),
    );
    expect(answers.map(({ _tag }) => _tag)).toEqual(['Right', 'Right', 'Right', 'Right', 'Right']);
    const over = { ...append(), events: [...quarters, someEvent()] } as const;
    expect((await left(store.append(over))).message).toContain(String(APPEND_BYTES_MAX));
    expect(
      await left(store.append({ ...append(), events: [someEvent('é'.repeat(EVENT_BYTES_MAX / 2))] })),
    ).toMatchObject({
      code: 'store/too-large',
    });
  });
});

test('a server that does not answer is not waited for without end', async () => {
  const pool = new pg.Pool({ connectionString: database.url(), max: 2 });
  onTestFinished(() => pool.end());
  const { ask } = databaseOf(pool, () => true, 200);
  const ms = await took(async () => {
    const error = await left(ask('sleep', 'select pg_sleep(20)', [], () => null));
    expect(error).toMatchObject({ ...unavailable, message: expect.stringContaining('200 ms') });
  });
  expect(ms).toBeLessThan(5000);
  expect(await right(ask('look', 'select 1', [], (rows) => rows))).toEqual([['1']]);
});
