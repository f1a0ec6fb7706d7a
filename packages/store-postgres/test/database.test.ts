/** What a real server does too rarely to wait for: a pool and a client that misbehave on purpose. */
import { EventEmitter } from 'node:events';
import { left, right } from '@recourse/testing';
import { expect, test } from 'vitest';
import { databaseOf } from '../src/database.ts';
import { failure, isGeneral } from '../src/failure.ts';
import type { PostgresPool } from '../src/pool.ts';

/** A client that fails when it is handed out, and when it is given back: whoever has it then must be listening. */
const fragile = (released: boolean[], query: () => Promise<{ rows: unknown[] }>): PostgresPool => ({
  connect: (callback) => {
    const client = Object.assign(new EventEmitter(), {
      query,
      release: (destroy = false) => {
        released.push(destroy);
        client.emit('error', new Error('57P01'));
      },
    });
    callback(undefined, client);
    client.emit('error', new Error('57P01'));
  },
});

test('an error that comes with a connection, or after it was let go, ends no process', async () => {
  const released: boolean[] = [];
  const sound = databaseOf(
    fragile(released, async () => ({ rows: [['1']] })),
    () => true,
  );
  expect(await right(sound.ask('look', 'select 1', [], (rows) => rows))).toEqual([['1']]);
  const broken = databaseOf(
    fragile(released, () => Promise.reject(new Error('broken'))),
    () => true,
  );
  expect(await left(broken.ask('look', 'select 1', [], (rows) => rows))).toMatchObject({ code: 'store/unavailable' });
  expect(released).toEqual([false, true]);
});

test('a connection that comes too late is told as an outage, and given back', async () => {
  const released: boolean[] = [];
  const pool = fragile(released, async () => ({ rows: [] }));
  const late: PostgresPool = { connect: (callback) => void setTimeout(() => pool.connect(callback), 60) };
  const error = await left(databaseOf(late, () => true, 20).ask('look', 'select 1', [], (rows) => rows));
  expect(error).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
  await expect.poll(() => released).toEqual([false]);
});

test('rows that are no lists are of another pool, and are not guessed at', async () => {
  const database = databaseOf(
    fragile([], async () => ({ rows: [{ one: 1 }] })),
    () => true,
  );
  expect((await left(database.ask('look', 'select 1', [], (rows) => rows))).message).toContain('pool');
});

const saying = (code: string) => Object.assign(new Error('what the server says'), { code });

test.each([
  ['55P03', 'transient', 'store/unavailable', true, 'nothing was written'],
  ['57014', 'transient', 'store/unavailable', true, 'statement_timeout'],
  ['57P01', 'transient', 'store/unavailable', true, 'shutting down'],
  ['57P03', 'transient', 'store/unavailable', true, 'starting'],
  ['08006', 'transient', 'store/unavailable', true, 'ended this connection'],
  ['53100', 'transient', 'store/unavailable', true, 'disk'],
  ['53300', 'transient', 'store/unavailable', true, 'max_connections'],
  ['28P01', 'transient', 'store/unavailable', true, 'password'],
  ['25006', 'transient', 'store/unavailable', false, 'primary'],
  ['42501', 'transient', 'store/unavailable', false, 'may not'],
  ['40001', 'transient', 'store/unavailable', false, '40001'],
  ['23505', 'transient', 'store/unavailable', false, 'what the server says'],
  ['ECONNREFUSED', 'transient', 'store/unavailable', true, 'ECONNREFUSED'],
  ['EPIPE', 'transient', 'store/unavailable', true, 'EPIPE'],
  ['54000', 'permanent', 'store/too-large', false, 'too large'],
  ['42P01', 'permanent', 'store/corrupt', false, 'backup'],
  ['42883', 'permanent', 'store/corrupt', false, 'backup'],
  ['XX001', 'permanent', 'store/corrupt', false, 'damaged'],
])('%s is %s, %s', (state, kind, code, general, words) => {
  const error = failure('append', saying(state));
  expect(error).toMatchObject({ kind, code, message: expect.stringContaining(words) });
  expect(isGeneral(saying(state))).toBe(general);
});
