import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from '@recourse/store-sqlite';

/** For scripts, which end with what went wrong. */
export const opened = async (options: SqliteStoreOptions): Promise<SqliteStore> => {
  const outcome = await openSqliteStore(options)();
  if (outcome._tag === 'Left') throw new Error(outcome.left.message, { cause: outcome.left });
  return outcome.right;
};
