import { randomUUID } from 'node:crypto';
import { durableWorkQueueConformance, right, workQueueConformance } from '@recourse/testing';
import pg from 'pg';
import { afterAll } from 'vitest';
import { startPostgres } from '../../../scripts/engines/postgres.ts';
import { finishing, spawner } from '../../../scripts/engines/spawned.ts';
import { openPgBossQueue } from '../src/index.ts';

const spawned = spawner(import.meta.url);

/** One database, whose tables take a while to make, and in it a queue for each test. */
const postgres = startPostgres();
afterAll(async () => (await postgres).stop());

const onPostgres = async () => {
  const { url } = await postgres;
  const name = randomUUID();
  const { queue, close } = await right(openPgBossQueue({ connection: url, name }));
  const taker = async () => {
    const child = spawned('hanging-consumer.ts', url, name);
    await child.said('taken');
    return child;
  };
  return {
    queue,
    plant: async (message: unknown) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const insert = `insert into recourse_queue.job (name, data, policy) values ($1, $2, 'singleton')`;
      await client.query(insert, [name, JSON.stringify(message)]);
      await client.end();
    },
    takeAndDie: async () => (await taker()).kill(),
    takeAndStandStill: async () => {
      const child = await taker();
      child.standStill();
      return { goOn: () => finishing(child) };
    },
    disconnect: close,
    close,
  };
};

workQueueConformance('openPgBossQueue', onPostgres);
durableWorkQueueConformance('openPgBossQueue', onPostgres);
