/** The embedded default: events, snapshots and the queue in one file. */
import type { EventStore, PortError, Snapshots, WorkQueue } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { connect } from './connection.ts';
import { databaseOf, whenUnlocked } from './database.ts';
import { sqliteEventStore } from './event-store.ts';
import { sqliteSnapshots } from './snapshots.ts';
import { sqliteWorkQueue } from './work-queue.ts';

export type SqliteStoreOptions = Readonly<{
  /**
   * Created if it is missing; its folder must exist, on a local disk. Several processes may have it open.
   * `:memory:` is a store of its own that ends with `close`: for tests.
   */
  file: string;
  /** How long to wait while another process writes, before `store/unavailable`. Default 5000. */
  lockTimeoutMs?: number;
}>;

export type SqliteStore = Readonly<{
  store: EventStore;
  snapshots: Snapshots;
  queue: WorkQueue;
  /**
   * Subscriptions and consumers under way end, as all later calls do, with `unavailable`. Until then, or until their
   * signals abort, they keep the process alive.
   */
  close(): void;
}>;

/**
 * Opens the file, creates its tables, or brings those of an older release up to date.
 *
 * Errors, all of which leave the file as it was: `store/unavailable` (transient) if it cannot be opened or stays
 * locked; `store/foreign-file`, `store/newer-schema`, `store/not-durable` (no local disk), `store/unsafe-sqlite` and
 * `store/corrupt` (permanent).
 */
export const openSqliteStore = ({
  file,
  lockTimeoutMs = 5000,
}: SqliteStoreOptions): TE.TaskEither<PortError, SqliteStore> =>
  pipe(
    whenUnlocked({ file, lockTimeoutMs }, 'open the store', () => connect(file)),
    TE.chainEitherK((connection) => connection),
    TE.map((connection) => {
      const database = databaseOf(connection, { file, lockTimeoutMs });
      return {
        store: sqliteEventStore(database),
        snapshots: sqliteSnapshots(database),
        queue: sqliteWorkQueue(database),
        close: database.close,
      };
    }),
  );
