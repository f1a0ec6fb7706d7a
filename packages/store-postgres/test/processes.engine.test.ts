/** Many processes at one database, and what is left after any of them, or the server, was killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventStore, ExpectedVersion, StoredEvent } from '@recourse/core';
import { type Operation, right, type Seen, violations } from '@recourse/testing';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { startPrivatePostgres } from '../../../scripts/engines/postgres.ts';
import { connect, open, pause, someDatabase, someEvent, someSchema } from './some-database.ts';

const database = someDatabase();
const streams = ['deployment-a', 'deployment-b', 'deployment-c', 'environment-d', 'environment-e'];
const now = () => Number(process.hrtime.bigint());

/** A process of its own. What it said is there when it has ended. */
const spawned = (script: string, ...parameters: readonly string[]) => {
  const child = spawn(
    process.execPath,
    ['--conditions=@recourse/source', join(import.meta.dirname, script), ...parameters],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  const said = text(child.stdout);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, said };
};

/** What a writer told, in pairs of lines; there is no answer if it was killed before, or was not told what came of it. */
const operationsOf = (output: string): readonly Operation[] => {
  const lines = output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '');
  const said = lines.map((line) => JSON.parse(line));
  return said.flatMap(({ stream, ids, invokedAt }, i) => {
    if (stream === undefined) return [];
    const { version = null, endedAt = Number.POSITIVE_INFINITY } =
      said[i + 1]?.stream === undefined ? (said[i + 1] ?? {}) : {};
    return [
      { stream, ids, firstVersion: null, invokedAt, endedAt, version, outcome: version === null ? 'unknown' : 'ok' },
    ];
  });
};

type Site = Readonly<{ operations: Operation[]; observed: Seen[]; isOver: () => boolean }>;

/** Reads, decides, appends, and asks again with the same events as long as it is not told what came of it. */
const write = async (store: EventStore, writer: number, { operations, observed, isOver }: Site): Promise<void> => {
  for (let n = 0; !isOver(); n += 1) {
    const stream = streams[(writer + n * n) % streams.length] ?? '';
    const read = await store.read({ stream })();
    if (read._tag === 'Left') {
      await pause(20);
      continue;
    }
    observed.push(...read.right.events.slice(-5));
    const expected: ExpectedVersion = (writer + n) % 3 === 0 ? 'any' : (read.right.version ?? 'no-stream');
    const [first = someEvent(), ...rest] = Array.from({ length: 1 + (n % 3) }, () => someEvent({ writer }));
    const request = { stream, expected, events: [first, ...rest] } as const;
    const invokedAt = now();
    let outcome = await store.append(request)();
    for (let tries = 0; outcome._tag === 'Left' && outcome.left.kind === 'transient' && tries < 5; tries += 1) {
      await pause(50);
      outcome = await store.append(request)();
    }
    operations.push({
      stream,
      ids: request.events.map(({ id }) => id),
      firstVersion: expected === 'any' ? null : expected === 'no-stream' ? 0 : Number(expected) + 1,
      invokedAt,
      endedAt: outcome._tag === 'Left' && outcome.left.kind === 'transient' ? Number.POSITIVE_INFINITY : now(),
      outcome: outcome._tag === 'Right' ? 'ok' : outcome.left.kind === 'permanent' ? 'fail' : 'unknown',
      version: outcome._tag === 'Right' ? outcome.right.version : null,
    });
    await nextTurn();
  }
};

/** How often the server is killed. A longer search is a setting away. */
const CRASHES = Number(process.env['RECOURSE_POSTGRES_CRASHES'] || 2);

test('what writers were told is what the log holds, whichever connection, server or process is killed', async () => {
  const { url, kill, start, stop } = await startPrivatePostgres();
  onTestFinished(stop);
  const stores: EventStore[] = [];
  for (let n = 0; n < 4; n += 1) stores.push((await open({ connection: url })).store);
  const [store] = stores;
  if (store === undefined) throw new Error('there is no store');
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const delivered: StoredEvent[] = [];
  const following = store.subscribe(
    { after: null, signal: abort.signal },
    async (events) => void delivered.push(...events),
  )();

  let crashes = 0;
  const site: Site = { operations: [], observed: [], isOver: () => crashes === CRASHES };
  const writing = Array.from({ length: 12 }, (_, i) => write(stores[i % stores.length] ?? store, i, site));
  const processes = Array.from({ length: 4 }, (_, i) => spawned('writer.ts', url, `p${i}`, ...streams));

  const endConnections = async () => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like $1',
      ['%append%'],
    );
    await client.end();
  };
  for (let turn = 1; !site.isOver(); turn += 1) {
    await pause(250);
    if (turn % 5 !== 0) {
      await endConnections().catch(() => undefined);
      continue;
    }
    await kill();
    await start();
    const victim = processes.pop();
    victim?.child.kill('SIGKILL');
    if (victim !== undefined) site.operations.push(...operationsOf(await victim.said));
    crashes += 1;
  }
  await Promise.all(writing);
  for (const { child, said } of processes) {
    child.stdin.end();
    site.operations.push(...operationsOf(await said));
  }

  const log = (await right(store.readAll({ after: null, limit: 1_000_000 }))).events;
  await expect.poll(() => delivered.length, { timeout: 30_000 }).toBe(log.length);
  abort.abort();
  expect(await following).toEqual({ _tag: 'Right', right: undefined });
  const reads = streams.map(async (stream) => [stream, (await right(store.read({ stream }))).events] as const);
  expect(violations({ ...site, log, streams: new Map(await Promise.all(reads)), delivered })).toEqual([]);

  // A crash of everything, and the same is there.
  await kill();
  await start();
  const again = await open({ connection: url });
  expect((await right(again.store.readAll({ after: null, limit: 1_000_000 }))).events).toEqual(log);
  const outcomes = Map.groupBy(site.operations, ({ outcome }) => outcome);
  expect(outcomes.get('ok')?.length).toBeGreaterThan(100);
  expect(outcomes.get('fail')?.length).toBeGreaterThan(0);
  expect(outcomes.get('unknown')?.length, 'nobody was cut off in the middle').toBeGreaterThan(0);
});

test('eight processes that open new schemas at once find one and the same in each', async () => {
  const schemas = Array.from({ length: 10 }, someSchema);
  const openers = Array.from({ length: 8 }, () => spawned('opener.ts', database.url(), ...schemas));
  await Promise.all(openers.map(({ child }) => once(child.stdout, 'data')));
  for (const { child } of openers) child.stdin.write('go\n');
  for (const { child, ended } of openers) {
    await ended;
    expect(child.exitCode).toBe(0);
  }
  const client = await connect(database.url());
  for (const schema of schemas) {
    expect((await client.query(`select version from ${schema}.migration`)).rows).toEqual([{ version: 1 }]);
  }
});
