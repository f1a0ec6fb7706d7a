import { inspect } from 'node:util';
import { left, right } from '@recourse/testing';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPrivatePostgres } from '../../../scripts/engines/postgres.ts';
import { openPostgresStore, postgresMigrations } from '../src/index.ts';
import { SCHEMA_VERSION } from '../src/schema.ts';
import { connect, open, someDatabase, someEvent, someSchema, someStream } from './some-database.ts';

const database = someDatabase();
const transient = { kind: 'transient', code: 'store/unavailable' };
const permanent = (problem: string) => ({ kind: 'permanent', code: `store/${problem}` });

const append = { stream: 'deployment-1', expected: 'any', events: [someEvent()] } as const;

/** The connection with a setting of its own. */
const withSetting = (setting: string): string => {
  const url = new URL(database.url());
  url.searchParams.set('options', `-c ${setting}`);
  return url.href;
};

describe('a schema', () => {
  test('is one store for all who open it, and nothing of another', async () => {
    const [mine, theirs] = [someSchema(), someSchema()];
    const one = await open({ connection: database.url(), schema: mine });
    const same = await open({ connection: database.url(), schema: mine });
    const other = await open({ connection: database.url(), schema: theirs });
    const heard: string[] = [];
    const abort = new AbortController();
    const following = other.store.subscribe({ after: null, signal: abort.signal }, async (events) => {
      heard.push(...events.map(({ stream }) => stream));
    })();
    await right(one.store.append(append));
    await right(one.snapshots.save('k', { version: 1, schema: 1, state: 1 }));

    expect((await right(same.store.read({ stream: 'deployment-1' }))).version).toBe(0);
    expect(await right(other.store.head())).toBeNull();
    expect(await right(other.snapshots.load('k'))).toBeNull();
    expect(await right(other.store.append(append))).toMatchObject({ version: 0, position: '1' });
    await expect.poll(() => heard).toEqual(['deployment-1']);
    abort.abort();
    await following;
  });

  test.each(['Shop', '_a1', `x${'y'.repeat(62)}`])('may be called %s', async (schema) => {
    const { store } = await open({ connection: database.url(), schema });
    await right(store.append(append));
    expect(await right(store.head())).toBe('1');
  });

  test.each(['', '1st', 'a-b', 'a b', 'a"; drop schema public; --', 'pg_mine', 'ä', 'x'.repeat(64), 'a\0'])(
    'cannot be called %j',
    async (schema) => {
      const error = await left(openPostgresStore({ connection: database.url(), schema }));
      expect(error).toMatchObject(permanent('invalid-options'));
    },
  );

  test('of another program is refused, and left as it was', async () => {
    const schema = someSchema();
    const client = await connect(database.url());
    await client.query(`create schema ${schema}; create table ${schema}.customer (name text)`);
    expect(await left(openPostgresStore({ connection: database.url(), schema }))).toMatchObject(
      permanent('foreign-schema'),
    );
    const tables = await client.query(
      'select relname from pg_class where relkind = $1 and relnamespace = $2::regnamespace',
      ['r', schema],
    );
    expect(tables.rows).toEqual([{ relname: 'customer' }]);
  });

  test('of a newer release is refused, and left as it was', async () => {
    const schema = someSchema();
    await open({ connection: database.url(), schema });
    const client = await connect(database.url());
    await client.query(`insert into ${schema}.migration (version) values (99)`);
    const error = await left(openPostgresStore({ connection: database.url(), schema }));
    expect(error).toMatchObject(permanent('newer-schema'));
    expect(error.message).toMatch(/99.*Update/s);
  });

  test('lets nobody change or remove an event', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema });
    await right(store.append(append));
    const client = await connect(database.url());
    for (const sql of [
      `update ${schema}.event set type = 'Other'`,
      `delete from ${schema}.event`,
      `truncate ${schema}.event`,
    ])
      await expect(client.query(sql)).rejects.toThrow('append-only');
    expect((await right(store.read({ stream: 'deployment-1' }))).events.length).toBe(1);
  });

  test('with a row that cannot be read is damaged, not empty', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema });
    const client = await connect(database.url());
    await client.query(`insert into ${schema}.event values (1, 'deployment-1', 0, 'e', 'T', 1, '{}', '{"actor":1}')`);
    const damaged = permanent('corrupt');
    expect(await left(store.read({ stream: 'deployment-1' }))).toMatchObject(damaged);
    expect(await left(store.readAll({ after: null, limit: 9 }))).toMatchObject(damaged);
    const { signal } = new AbortController();
    expect(await left(store.subscribe({ after: null, signal }, async () => {}))).toMatchObject(damaged);
  });

  test('whose tables are gone is damaged, not empty', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: database.url(), schema });
    await (await connect(database.url())).query(`drop schema ${schema} cascade`);
    expect(await left(store.head())).toMatchObject(permanent('corrupt'));
    expect(await left(store.append(append))).toMatchObject(permanent('corrupt'));
  });
});

describe('migrations', () => {
  test('can be run by somebody else; then the store needs no right to make anything', async () => {
    const schema = someSchema();
    const owner = await connect(database.url());
    for (const sql of postgresMigrations(schema)) await owner.query(sql);
    const role = someSchema();
    await owner.query(`create role ${role} login password 'x'; grant usage on schema ${schema} to ${role};
      grant select on all tables in schema ${schema} to ${role}; grant insert on ${schema}.event to ${role};
      grant insert, update on ${schema}.snapshot to ${role}`);
    onTestFinished(async () => void (await owner.query(`drop owned by ${role}; drop role ${role}`)));
    const url = new URL(database.url());
    [url.username, url.password] = [role, 'x'];

    const { store, snapshots } = await open({ connection: url.href, schema });
    expect(await right(store.append(append))).toMatchObject({ version: 0 });
    await right(snapshots.save('k', { version: 1, schema: 1, state: 1 }));
    const error = await left(openPostgresStore({ connection: url.href, schema: someSchema() }));
    expect(error).toMatchObject(transient);
    expect(error.message).toContain('may not');
  });

  test('that fail half way leave nothing', async () => {
    const schema = someSchema();
    const client = await connect(database.url());
    // A type is no table, so that the schema looks empty; but the name is taken.
    await client.query(`create schema ${schema}; create type ${schema}.snapshot as (x int)`);
    await left(openPostgresStore({ connection: database.url(), schema }));
    const { rows } = await client.query('select to_regclass($1) as found', [`${schema}.migration`]);
    expect(rows).toEqual([{ found: null }]);
  });

  test('say what they lead to', () => {
    expect(postgresMigrations().length).toBe(SCHEMA_VERSION);
    expect(postgresMigrations('mine')[0]).toContain('create table "mine".event');
  });
});

describe('a server', () => {
  test.each(['fsync', 'full_page_writes'])('with %s off is refused', async (setting) => {
    const { url, stop } = await startPrivatePostgres({ [setting]: 'off' });
    onTestFinished(stop);
    const error = await left(openPostgresStore({ connection: url }));
    expect(error).toMatchObject(permanent('not-durable'));
    expect(error.message).toContain(setting);
  });

  test('that does not wait for the disk is refused', async () => {
    const error = await left(
      openPostgresStore({ connection: withSetting('synchronous_commit=off'), schema: someSchema() }),
    );
    expect(error).toMatchObject(permanent('not-durable'));
    expect(error.message).toContain('synchronous_commit');
  });

  test('whose transactions do not see what they waited for is refused', async () => {
    const url = withSetting('default_transaction_isolation=serializable');
    expect(await left(openPostgresStore({ connection: url, schema: someSchema() }))).toMatchObject(
      permanent('wrong-isolation'),
    );
  });

  test('whose text is not Unicode is refused', async () => {
    const client = await connect(database.url());
    const name = someSchema();
    await client.query(`create database ${name} template template0 encoding 'SQL_ASCII' locale 'C'`);
    onTestFinished(async () => void (await client.query(`drop database ${name} with (force)`)));
    const url = new URL(database.url());
    url.pathname = name;
    const error = await left(openPostgresStore({ connection: url.href }));
    expect(error).toMatchObject(permanent('unsupported-server'));
    expect(error.message).toContain('SQL_ASCII');
  });

  test.each([
    ['is away', 'postgres://ada:hunter2@127.0.0.1:1/shop', transient],
    ['has another name', 'postgres://ada:hunter2@nowhere.invalid/shop', transient],
    ['is no URL', 'postgres://ada:hunter2@127.0.0.1:port/shop', permanent('invalid-options')],
  ])('that %s is said, and not how it was asked', async (_, connection, expected) => {
    const error = await left(openPostgresStore({ connection }));
    expect(error).toMatchObject(expected);
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });

  test('that does not let us in is said, and not with what we tried', async () => {
    const url = new URL(database.url());
    url.password = 'hunter2';
    const error = await left(openPostgresStore({ connection: url.href }));
    expect(error).toMatchObject(transient);
    expect(error.message).toContain('password');
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    url.password = new URL(database.url()).password;
    url.pathname = 'nowhere';
    expect((await left(openPostgresStore({ connection: url.href }))).message).toContain('no such database');
  });
});

describe("a platform's own pool", () => {
  const ownPool = (options: pg.PoolConfig = {}) => {
    const pool = new pg.Pool({ connectionString: database.url(), ...options });
    onTestFinished(() => pool.end());
    return pool;
  };

  test('is used as it is, whatever it makes of numbers and JSON, and is left open', async () => {
    const types = new pg.TypeOverrides();
    types.setTypeParser(20, () => 'not what it was');
    types.setTypeParser(114, () => 'not what it was');
    const pool = ownPool({ types });
    const postgres = await right(openPostgresStore({ connection: pool, schema: someSchema() }));
    await right(postgres.store.append({ ...append, events: [someEvent({ b: 1, a: 2 })] }));
    const { events } = await right(postgres.store.readAll({ after: null, limit: 9 }));
    expect(events).toMatchObject([{ position: '1', schemaVersion: 1, data: { b: 1, a: 2 } }]);
    await postgres.close();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await left(postgres.store.head())).toMatchObject(transient);
  });

  test('of one connection is enough, and what others append is heard all the same', async () => {
    const schema = someSchema();
    const { store } = await open({ connection: ownPool({ max: 1 }), schema });
    const other = await open({ connection: database.url(), schema });
    const abort = new AbortController();
    const heard: string[] = [];
    const following = store.subscribe({ after: null, signal: abort.signal }, async (events) => {
      heard.push(...events.map(({ stream }) => stream));
    })();
    const streams = [someStream(), someStream()];
    for (const stream of streams) await right(other.store.append({ ...append, stream }));
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(streams);
    await right(store.append(append));
    abort.abort();
    expect(await following).toEqual({ _tag: 'Right', right: undefined });
  });

  test('gets its connections back, also those that listened', async () => {
    const pool = ownPool({ max: 3 });
    const { store } = await open({ connection: pool, schema: someSchema() });
    for (let n = 0; n < 5; n += 1) {
      const abort = new AbortController();
      await store.append({ ...append, stream: someStream() })();
      await store.subscribe({ after: null, signal: abort.signal }, async () => abort.abort())();
    }
    await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0);
  });
});
