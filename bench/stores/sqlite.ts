/** The SQLite store, and the insertions that it makes, by hand with the same durability. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { orFault } from '@recourse/engine';
import { openSqliteStore } from '@recourse/store-sqlite';
import { type Contender, sampleEvent } from './load.ts';

export const sqliteStore = async (folder: string): Promise<Contender> => {
  const { store, close } = await orFault(openSqliteStore({ file: join(folder, 'store.db') }));
  return {
    name: 'store-sqlite',
    append: async (stream, n) => {
      const expected = n === 0 ? 'no-stream' : n - 1;
      await orFault(store.append({ stream, expected, events: [sampleEvent()] }));
    },
    close: async () => close(),
  };
};

export const rawSqlite = (folder: string): Contender => {
  const db = new DatabaseSync(join(folder, 'raw.db'));
  db.exec(`pragma journal_mode = wal; pragma synchronous = full;
    create table event (position integer primary key autoincrement, stream text not null, version integer not null,
      id text not null, type text not null, schema_version integer not null, data text not null, metadata text not null,
      unique (stream, version), unique (stream, id)) strict`);
  const insert = db.prepare(
    'insert into event (stream, version, id, type, schema_version, data, metadata) values (?, ?, ?, ?, ?, ?, ?)',
  );
  return {
    name: 'raw inserts',
    append: async (stream, n) => {
      const { id, type, schemaVersion, data, metadata } = sampleEvent();
      insert.run(stream, n, id, type, schemaVersion, JSON.stringify(data), JSON.stringify(metadata));
    },
    close: async () => db.close(),
  };
};
