import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { left, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openSqliteStore } from '../src/index.ts';
import { SCHEMA_VERSION } from '../src/schema.ts';
import { temporaryFile } from './temporary-file.ts';

/** A file as the first schema had it. */
const oldFile = async (change = '') => {
  const file = await temporaryFile();
  const db = new DatabaseSync(file);
  db.exec(await readFile(new URL('golden/schema-1.sql', import.meta.url), 'utf8'));
  db.exec(change);
  db.close();
  return file;
};

const open = async (file: string) => {
  const sqlite = await right(openSqliteStore({ file }));
  onTestFinished(() => sqlite.close());
  return sqlite;
};

/** What another program finds in the file. */
const look = (file: string, sql: string) => {
  const db = new DatabaseSync(file);
  const rows = db
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
  db.close();
  return rows;
};

describe('a file of the first schema', () => {
  test('keeps its events and snapshots', async () => {
    const { store, snapshots } = await open(await oldFile());
    const metadata = { actor: 'ada', correlationId: 'c1' };
    expect(await right(store.readAll({ after: null, limit: 10 }))).toMatchObject({
      events: [
        { stream: 'deployment-d1', version: 0, id: 'e1', type: 'DeploymentRequested', metadata },
        { stream: 'environment-shop', version: 0, id: 'e2', data: { fence: 1 }, metadata },
        { stream: 'deployment-d1', version: 1, id: 'e3', metadata: { ...metadata, recordedAt: 1764000000002 } },
      ],
    });
    const { events: first } = await right(store.read({ stream: 'deployment-d1', limit: 1 }));
    expect(JSON.stringify(first[0]?.data)).toBe('{"b":1,"a":{"__proto__":2}}');
    expect(await right(snapshots.load('environment-shop'))).toEqual({ version: 0, schema: 1, state: { fence: 1 } });
  });

  test('hands over what was queued in it, as it was stored', async () => {
    const { queue } = await open(await oldFile());
    const abort = new AbortController();
    const handled: unknown[] = [];
    const ended = queue.consume({ concurrency: 1, signal: abort.signal }, async (message) => {
      handled.push(message);
    })();
    await vi.waitFor(() => expect(handled.length).toBe(2), { timeout: 30_000 });
    abort.abort();
    await ended;
    expect(handled).toEqual([{ deploymentId: 'd1' }, { deploymentId: 'd2' }]);
  });

  test('is of the newest schema afterwards, and is opened again without another step', async () => {
    const file = await oldFile();
    for (let time = 0; time < 2; time += 1) {
      (await open(file)).close();
      expect(look(file, 'pragma user_version')).toEqual([{ user_version: SCHEMA_VERSION }]);
      expect(look(file, 'select count(*) as n from event')).toEqual([{ n: 3 }]);
    }
  });

  test('has the tables that a new file has', async () => {
    const [old, fresh] = [await oldFile(), await temporaryFile()];
    (await open(old)).close();
    (await open(fresh)).close();
    const columns = `select m.name as of, c.name, c.type, c."notnull", c.dflt_value, c.pk
      from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' order by 1, c.cid`;
    expect(look(old, columns)).toEqual(look(fresh, columns));
    const others = `select type, name, tbl_name from sqlite_schema where type <> 'table' order by name`;
    expect(look(old, others)).toEqual(look(fresh, others));
  });

  test('is as it was when a step fails half way', async () => {
    const file = await oldFile('alter table work add column again_at integer');
    expect(await left(openSqliteStore({ file }))).toMatchObject({ kind: 'permanent', code: 'store/corrupt' });
    expect(look(file, 'pragma user_version')).toEqual([{ user_version: 1 }]);
    const columns = look(file, `select name from pragma_table_info('work')`).map(({ name }) => name);
    expect(columns).toEqual(['deployment', 'message', 'due_at', 'again_at']);
  });
});
