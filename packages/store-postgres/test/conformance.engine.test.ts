import { eventStoreConformance, right, snapshotsConformance } from '@recourse/testing';
import { openPostgresStore, type PostgresStore } from '../src/index.ts';
import { someDatabase, someSchema } from './some-database.ts';

const database = someDatabase();

/** All that the suites need of one schema, and what they open of it. */
const onSchema = async () => {
  const schema = someSchema();
  const open: PostgresStore[] = [];
  const openOne = async () => {
    const postgres = await right(openPostgresStore({ connection: database.url(), schema }));
    open.push(postgres);
    return postgres;
  };
  const disconnect = async () => {
    await Promise.all(open.splice(0).map((postgres) => postgres.close()));
  };
  return { postgres: await openOne(), openOne, disconnect, close: disconnect };
};

eventStoreConformance('openPostgresStore', async () => {
  const { postgres, openOne, ...hands } = await onSchema();
  return { store: postgres.store, another: async () => (await openOne()).store, ...hands };
});

snapshotsConformance('openPostgresStore', async () => {
  const { postgres, ...hands } = await onSchema();
  return { snapshots: postgres.snapshots, ...hands };
});
