// The public surface of @recourse/queue-pgboss. What is not named here may change without notice.
export { openPgBossQueue, type PgBossQueue, type PgBossQueueOptions } from './open-pgboss-queue.ts';
export type { SqlExecutor } from './sql-executor.ts';
