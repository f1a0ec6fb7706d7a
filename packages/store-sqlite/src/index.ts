// The public surface of @recourse/store-sqlite. What is not named here may change without notice.
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './open-sqlite-store.ts';
