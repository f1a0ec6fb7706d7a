import { DatabaseSync } from 'node:sqlite';
import {
  durableWorkQueueConformance,
  eventStoreConformance,
  right,
  snapshotsConformance,
  workQueueConformance,
} from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { finishing } from '../../../scripts/engines/spawned.ts';
import { connect } from '../src/connection.ts';
import { databaseOf } from '../src/database.ts';
import { openSqliteStore, type SqliteStore } from '../src/index.ts';
import { sqliteWorkQueue } from '../src/work-queue.ts';
import { workRows } from '../src/work-rows.ts';
import { spawned } from './spawned.ts';
import { temporaryFile } from './temporary-file.ts';

/** All that the suites need of one file, and what they open of it. */
const onFile = async () => {
  const file = await temporaryFile();
  const open: SqliteStore[] = [];
  const openOne = async () => {
    const sqlite = await right(openSqliteStore({ file }));
    open.push(sqlite);
    return sqlite;
  };
  const disconnect = async () => {
    for (const sqlite of open.splice(0)) sqlite.close();
  };
  return { file, sqlite: await openOne(), openOne, disconnect, close: disconnect };
};

/** A store that only one client can have. */
const inMemory = async () => {
  const sqlite = await right(openSqliteStore({ file: ':memory:' }));
  const disconnect = async () => sqlite.close();
  return { sqlite, disconnect, close: disconnect };
};

eventStoreConformance('openSqliteStore, a file,', async () => {
  const { sqlite, openOne, ...hands } = await onFile();
  return { store: sqlite.store, another: async () => (await openOne()).store, ...hands };
});

eventStoreConformance('openSqliteStore, in memory,', async () => {
  const { sqlite, ...hands } = await inMemory();
  return { store: sqlite.store, another: async () => sqlite.store, ...hands };
});

snapshotsConformance('openSqliteStore, a file,', async () => {
  const { sqlite, ...hands } = await onFile();
  return { snapshots: sqlite.snapshots, ...hands };
});

snapshotsConformance('openSqliteStore, in memory,', async () => {
  const { sqlite, ...hands } = await inMemory();
  return { snapshots: sqlite.snapshots, ...hands };
});

const queueOnFile = async () => {
  const { file, sqlite, ...hands } = await onFile();
  return {
    queue: sqlite.queue,
    plant: async (message: unknown) => {
      const db = new DatabaseSync(file);
      const row = ['planted', JSON.stringify(message), Date.now()] as const;
      db.prepare('insert into work (deployment, message, due_at) values (?, ?, ?)').run(...row);
      db.close();
    },
    takeAndDie: async () => {
      const child = spawned('hanging-consumer.ts', file);
      await child.said('taken');
      await child.kill();
    },
    takeAndStandStill: async () => {
      const child = spawned('hanging-consumer.ts', file);
      await child.said('taken');
      child.standStill();
      return { goOn: () => finishing(child) };
    },
    ...hands,
  };
};

workQueueConformance('openSqliteStore, a file,', queueOnFile);
durableWorkQueueConformance('openSqliteStore, a file,', queueOnFile);

workQueueConformance('sqliteWorkQueue in memory', async () => {
  const file = ':memory:';
  const connection = await right(TE.fromEither(connect(file)));
  const database = databaseOf(connection, { file, lockTimeoutMs: 5000 });
  return {
    queue: sqliteWorkQueue(database),
    plant: async (message) => {
      workRows(database).put('planted', JSON.stringify(message), Date.now());
      database.changes.notify();
    },
    disconnect: async () => database.close(),
    close: async () => database.close(),
  };
});
