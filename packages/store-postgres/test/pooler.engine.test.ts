/** Behind a pooler that gives a session to somebody else after each transaction. */
import type { StoredEvent } from '@recourse/core';
import { right } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startPgbouncer } from '../../../scripts/engines/pgbouncer.ts';
import { lockKey } from '../src/schema.ts';
import { connect, open, someDatabase, someEvent, someSchema, someStream } from './some-database.ts';

const database = someDatabase();

test('all works but hearing: a subscriber looks instead, and no session keeps a lock or a setting', async () => {
  const pooler = await startPgbouncer(database.url());
  onTestFinished(pooler.stop);
  const schema = someSchema();
  const { store, snapshots } = await open({ connection: pooler.url, schema });
  const others = await Promise.all([1, 2, 3].map(() => open({ connection: pooler.url, schema })));
  const direct = await open({ connection: database.url(), schema });

  const abort = new AbortController();
  const seen: StoredEvent[] = [];
  const following = store.subscribe(
    { after: null, signal: abort.signal },
    async (events) => void seen.push(...events),
  )();
  const streams = Array.from({ length: 5 }, someStream);
  await Promise.all(
    [{ store }, ...others, direct].flatMap(({ store: one }, i) =>
      Array.from({ length: 20 }, (_, n) =>
        right(
          one.append({ stream: streams[(i + n) % 5] ?? '', expected: 'any', events: [someEvent(n), someEvent(i)] }),
        ),
      ),
    ),
  );
  await right(snapshots.save('k', { version: 1, schema: 1, state: { live: true } }));
  expect(await right(direct.snapshots.load('k'))).toEqual({ version: 1, schema: 1, state: { live: true } });

  const { events: log } = await right(direct.store.readAll({ after: null, limit: 1000 }));
  expect(log.length).toBe(200);
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(200);
  expect(seen).toEqual(log);
  // While nobody appends by the pooler: only a look can find it.
  await right(direct.store.append({ stream: 'deployment-late', expected: 'no-stream', events: [someEvent()] }));
  await expect.poll(() => seen.at(-1)?.stream, { timeout: 10_000 }).toBe('deployment-late');
  abort.abort();
  expect(await following).toEqual({ _tag: 'Right', right: undefined });

  const client = await connect(database.url());
  expect((await client.query(`select pg_try_advisory_xact_lock(${lockKey(schema)}) as free`)).rows).toEqual([
    { free: true },
  ]);
  const byPooler = await connect(pooler.url);
  for (let n = 0; n < 5; n += 1)
    expect((await byPooler.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '0' }]);
});
