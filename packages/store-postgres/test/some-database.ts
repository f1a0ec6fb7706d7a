import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type Postgres, startPostgres } from '../../../scripts/engines/postgres.ts';

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
