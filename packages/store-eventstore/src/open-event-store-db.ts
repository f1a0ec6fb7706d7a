/** Events and snapshots on a server that the platform already has. */
import { EventStoreDBClient } from '@eventstore/db-client';
import type { EventStore, PortError, Snapshots } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Credentials, EventStoreClient } from './client.ts';
import { credentialsIn } from './credentials.ts';
import { eventStoreOn } from './event-store.ts';
import { type Names, namesWith } from './names.ts';
import { serverOf } from './server.ts';
import { snapshotsOn } from './snapshots.ts';

export type EventStoreDBOptions = Readonly<{
  /**
   * `esdb://user:password@host:2113?tls=true`, or a client of the platform's own: an `EventStoreDBClient`, or a
   * `KurrentDBClient` of @kurrent/kurrentdb-client 1.x, which is not closed with the store.
   */
  server:
    | string
    | Readonly<{
        client: EventStoreClient;
        /**
         * The client's own credentials, once more; on a server without security any will do. With them each append is a
         * call of its own. Without, faults of @eventstore/db-client may end the process when a connection drops.
         */
        credentials?: Credentials;
      }>;
  /**
   * The names of all our streams on the server begin with it, so that it may have others as well. It cannot be changed
   * later. Default `recourse.`: a deployment is the stream `recourse.deployment-<id>`.
   */
  prefix?: string;
  /** How long to wait for an answer, before `store/unavailable`. Default 10,000. */
  timeoutMs?: number;
}>;

export type EventStoreDB = Readonly<{
  store: EventStore;
  snapshots: Snapshots;
  /** Subscriptions under way end, as all later calls do, with `store/unavailable`. */
  close(): Promise<void>;
}>;

/**
 * Connects, and finds out that the server answers and that its user may read `$all`, which by default only `$admins`
 * may. EventStoreDB 22.6 and later, KurrentDB.
 *
 * Errors: `store/unavailable` (transient) if the server does not answer; `store/access-denied`,
 * `store/invalid-connection` and `store/invalid-prefix` (permanent).
 */
export const openEventStoreDB = ({
  server,
  prefix = 'recourse.',
  timeoutMs = 10_000,
}: EventStoreDBOptions): TE.TaskEither<PortError, EventStoreDB> =>
  pipe(
    TE.fromEither(namesWith(prefix)),
    TE.chain((names) =>
      pipe(
        TE.fromEither(
          typeof server === 'string' ? connectionTo(server) : E.right({ ...server, dispose: async () => {} }),
        ),
        TE.chain((connection) => open(connection, names, timeoutMs)),
      ),
    ),
  );

type Connection = Readonly<{
  client: EventStoreClient;
  credentials?: Credentials | undefined;
  dispose(): Promise<unknown>;
}>;

const connectionTo = (connectionString: string): E.Either<PortError, Connection> =>
  E.tryCatch(
    () => {
      const client = EventStoreDBClient.connectionString(connectionString);
      return { client, credentials: credentialsIn(connectionString), dispose: () => client.dispose() };
    },
    // The client's own message holds the password.
    () => ({
      kind: 'permanent',
      code: 'store/invalid-connection',
      message:
        'The connection string of the event store cannot be read. Write it as esdb://user:password@host:2113?tls=true.',
    }),
  );

const open = (connection: Connection, names: Names, timeoutMs: number): TE.TaskEither<PortError, EventStoreDB> => {
  const { client, credentials, dispose } = connection;
  const ending = new AbortController();
  const server = serverOf({ client, credentials, timeoutMs, ending: ending.signal });
  const close = async () => {
    ending.abort();
    await dispose();
  };
  const look = { fromPosition: 'end', direction: 'backwards', maxCount: 1 } as const;
  return pipe(
    server.attempt('connect to the event store', () => server.readAll(look, () => {})),
    TE.map(() => ({ store: eventStoreOn(server, names), snapshots: snapshotsOn(server, names), close })),
    TE.orElseFirstTaskK(() => close),
  );
};
