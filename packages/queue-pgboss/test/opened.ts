import { openPgBossQueue, type PgBossQueue, type PgBossQueueOptions } from '@recourse/queue-pgboss';

/** For scripts, which end with what went wrong. */
export const opened = async (options: PgBossQueueOptions): Promise<PgBossQueue> => {
  const outcome = await openPgBossQueue(options)();
  if (outcome._tag === 'Left') throw new Error(outcome.left.message, { cause: outcome.left });
  return outcome.right;
};
