import { randomBytes, randomUUID } from 'node:crypto';
import { Instant, type Json, type NewEvent } from '@recourse/core';
import { right } from '@recourse/testing';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type Postgres, startPostgres } from '../../../scripts/engines/postgres.ts';
import { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from '../src/index.ts';

/** One database for all tests of a file, each of which takes a schema of its own in it. */
export const someDatabase = () => {
  let postgres: Postgres | undefined;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());
  return { url: (): string => postgres?.url ?? '' };
};

export const someSchema = (): string => `test_${randomBytes(6).toString('hex')}`;

/** A connection that is nobody's but this test's. */
export const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
};

/** A store that is closed when the test is over. */
export const open = async (options: PostgresStoreOptions): Promise<PostgresStore> => {
  const postgres = await right(openPostgresStore(options));
  onTestFinished(() => postgres.close());
  return postgres;
};

export const someEvent = (data: Json = null): NewEvent => ({
  id: randomUUID(),
  type: 'StepStarted',
  schemaVersion: 1,
  data,
  metadata: { recordedAt: Instant.parse(0), actor: 'ada', correlationId: 'c', causationId: 'k' },
});

export const someStream = (): string => `deployment-${randomUUID()}`;

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
