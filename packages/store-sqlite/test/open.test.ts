import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { left, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, supported } from '../src/connection.ts';
import { openSqliteStore } from '../src/index.ts';
import { temporaryFile } from './temporary-file.ts';

const made = (file: string, sql: string) => {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
};

describe('opening', () => {
  test.each(['a new file', 'a file that is there'])('%s keeps what it acknowledges', async (which) => {
    const file = await temporaryFile();
    if (which !== 'a new file') (await right(openSqliteStore({ file }))).close();
    const db = await right(TE.fromEither(connect(file)));
    onTestFinished(() => db.close());
    expect({ ...db.prepare('pragma synchronous').get() }).toEqual({ synchronous: 2 });
    expect({ ...db.prepare('pragma journal_mode').get() }).toEqual({ journal_mode: 'wal' });
  });

  test('two have the same events, two memories do not', async () => {
    const file = await temporaryFile();
    for (const [name, shared] of [
      [file, true],
      [':memory:', false],
    ] as const) {
      const [one, other] = [await right(openSqliteStore({ file: name })), await right(openSqliteStore({ file: name }))];
      await right(one.snapshots.save('k', { version: 1, schema: 1, state: 1 }));
      expect((await right(other.snapshots.load('k'))) !== null).toBe(shared);
      one.close();
      other.close();
    }
  });

  const foreign = [
    ['the tables of another program', 'create table customer (name text)'],
    ["another program's mark", 'pragma application_id = 7'],
    ['a schema version of its own', 'pragma user_version = 1'],
  ] as const;
  test.each(foreign)('a file with %s is refused, and left as it was', async (_, sql) => {
    const file = await temporaryFile();
    made(file, sql);
    const before = await readFile(file);
    const error = await left(openSqliteStore({ file }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/foreign-file' });
    expect(error.message).toContain(file);
    expect(await readFile(file)).toEqual(before);
  });

  test('a file that is no database is refused, and left as it was', async () => {
    const file = await temporaryFile();
    await writeFile(file, 'dear diary, '.repeat(100));
    expect(await left(openSqliteStore({ file }))).toMatchObject({ kind: 'permanent', code: 'store/foreign-file' });
    expect(await readFile(file, 'utf8')).toBe('dear diary, '.repeat(100));
  });

  test('a file of a newer release is refused, and left as it was', async () => {
    const file = await temporaryFile();
    (await right(openSqliteStore({ file }))).close();
    made(file, 'create table invention (x); pragma user_version = 99');
    const before = await readFile(file);
    const error = await left(openSqliteStore({ file }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/newer-schema' });
    expect(error.message).toMatch(/99.*Update/s);
    expect(await readFile(file)).toEqual(before);
  });

  test('what cannot keep a log is refused: a database without a file', async () => {
    expect(await left(openSqliteStore({ file: '' }))).toMatchObject({ kind: 'permanent', code: 'store/not-durable' });
  });

  test('a folder that is missing, or a folder in its place, is said', async () => {
    const file = await temporaryFile();
    const unavailable = { kind: 'transient', code: 'store/unavailable' };
    expect(await left(openSqliteStore({ file: `${file}/store.db` }))).toMatchObject(unavailable);
    await mkdir(file);
    const error = await left(openSqliteStore({ file }));
    expect(error).toMatchObject(unavailable);
    expect(error.message).toContain(`${dirname(file)}/store.db`);
  });

  test('a file that another process holds is waited for, without holding up this one', async () => {
    const file = await temporaryFile();
    const other = new DatabaseSync(file);
    onTestFinished(() => other.close());
    other.exec('pragma locking_mode = exclusive; begin exclusive; create table t (x); drop table t');

    expect(await left(openSqliteStore({ file, lockTimeoutMs: 300 }))).toMatchObject({
      kind: 'transient',
      code: 'store/unavailable',
    });
    const opening = openSqliteStore({ file, lockTimeoutMs: 30_000 })();
    // Only reached if the wait leaves the event loop free.
    await new Promise((resolve) => setTimeout(resolve, 50));
    other.exec('rollback; pragma locking_mode = normal; select * from sqlite_schema');
    const sqlite = await right(() => opening);
    expect(await right(sqlite.store.head())).toBeNull();
    sqlite.close();
  });

  test.each([
    ['3.6.0', false],
    ['3.44.9', false],
    ['3.50.4', false],
    ['3.51.2', false],
    ['3.51.3', true],
    ['3.52.0', true],
    ['3.53.4', true],
    ['4.0.0', true],
  ])('SQLite %s: safe for several writers %s', async (version, safe) => {
    const answer = supported(version);
    if (safe) expect(answer._tag).toBe('Right');
    else expect(await left(TE.fromEither(answer))).toMatchObject({ kind: 'permanent', code: 'store/unsafe-sqlite' });
  });
});
