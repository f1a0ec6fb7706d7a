// The public surface of @recourse/store-postgres. What is not named here may change without notice.
export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from './open-postgres-store.ts';
export type { PostgresClient, PostgresPool } from './pool.ts';
export { postgresMigrations } from './schema.ts';
