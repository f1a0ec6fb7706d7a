/** Events and snapshots in one schema of a PostgreSQL database, for any number of processes and machines. */
import type { EventStore, PortError, Snapshots } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { changesOf } from './changes.ts';
import { databaseOf } from './database.ts';
import { eventRows } from './event-rows.ts';
import { postgresEventStore } from './event-store.ts';
import { failure } from './failure.ts';
import { prepare } from './migration.ts';
import { ownPool } from './own-pool.ts';
import type { PostgresPool } from './pool.ts';
import { quoted } from './schema.ts';
import { postgresSnapshots } from './snapshots.ts';

export type PostgresStoreOptions = Readonly<{
  /**
   * `postgres://user:password@host/database`, for a pool of up to 10 connections that ends with `close`; or the
   * platform's own `Pool` of `pg`, which is left open. A subscription holds one connection as long as there is any, so
   * a pool of one hears of what others append only by looking, some 200 ms later.
   */
  connection: string | PostgresPool;
  /** Created if it is missing. Several stores may share a database, each in a schema. Default `recourse`. */
  schema?: string;
  /** How long to wait while another process appends, before `store/unavailable`. Default 5000. */
  lockTimeoutMs?: number;
}>;

export type PostgresStore = Readonly<{
  store: EventStore;
  snapshots: Snapshots;
  /**
   * Subscriptions under way end, as all later calls do, with `store/unavailable`. Until then, or until their signals
   * abort, they keep the process alive.
   */
  close(): Promise<void>;
}>;

/**
 * Connects, looks whether the server keeps what it acknowledges, creates the tables, or brings those of an older release
 * up to date.
 *
 * Errors, all of which leave the database as it was: `store/unavailable` (transient) if it cannot be reached, does not
 * let this user in, or its lock is held; `store/invalid-options`, `store/not-durable` (`fsync`, `full_page_writes` or
 * `synchronous_commit` is off), `store/wrong-isolation`, `store/unsupported-server`, `store/foreign-schema` and
 * `store/newer-schema` (permanent).
 */
export const openPostgresStore =
  ({
    connection,
    schema = 'recourse',
    lockTimeoutMs = 5000,
  }: PostgresStoreOptions): TaskEither<PortError, PostgresStore> =>
  async () => {
    if (!isName(schema)) {
      return invalid(`${JSON.stringify(schema.slice(0, 100))} cannot be a schema: letters, digits and "_", up to 63`);
    }
    const reached = typeof connection === 'string' ? ownPool(connection) : { pool: connection, end: async () => {} };
    // Without its cause, which holds the text.
    if (reached === null)
      return invalid('connection is no URL of PostgreSQL: "postgres://user:password@host/database"');
    const { pool, end } = reached;

    const prepared = await prepare(pool, { schema, lockTimeoutMs }).catch((cause) =>
      E.left(failure('open the store', cause)),
    );
    if (E.isLeft(prepared)) {
      await end();
      return prepared;
    }
    return E.right(storeOn(pool, { schema: quoted(schema), channel: schema, lockTimeoutMs, end }));
  };

type Parts = Readonly<{ schema: string; channel: string; lockTimeoutMs: number; end: () => Promise<void> }>;

const storeOn = (pool: PostgresPool, { schema, channel, lockTimeoutMs, end }: Parts): PostgresStore => {
  let open = true;
  const database = databaseOf(pool, () => open);
  const { lastPosition } = eventRows(database, schema);
  const changes = changesOf(database, { channel, lastPosition });
  return {
    store: postgresEventStore(database, { schema, lockTimeoutMs, changes }),
    snapshots: postgresSnapshots(database, schema),
    close: async () => {
      if (!open) return;
      open = false;
      changes.close();
      await end();
    },
  };
};

/** What begins with `pg_` is PostgreSQL's own. */
const isName = (schema: string): boolean => /^(?!pg_)[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema);

const invalid = (flaw: string): E.Either<PortError, never> =>
  E.left({ kind: 'permanent', code: 'store/invalid-options', message: `The store was not opened: ${flaw}.` });
