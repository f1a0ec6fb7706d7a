/** What is asked of a pool of connections: no more than what `pg` has, so that a platform can give its own. */
import pg from 'pg';

/** A query's row, each column as PostgreSQL writes it. */
export type Row = readonly (string | null)[];

export type Value = string | number | null | readonly (string | number)[];

export type Query = {
  text: string;
  values: Value[];
  rowMode: 'array';
  types: { getTypeParser: () => (text: string) => string };
};

export type PostgresClient = {
  query(query: Query): Promise<{ rows: unknown[] }>;
  on(event: 'error' | 'notification', listener: () => void): unknown;
  off(event: 'error' | 'notification', listener: () => void): unknown;
  /** With `true` the connection is closed instead of used again. */
  release(destroy?: boolean): void;
};

/** `Pool` of `pg`, or what has these members of it. */
export type PostgresPool = {
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void;
  readonly options?: { readonly max?: number | undefined } | undefined;
};

/** How many connections a store has that makes its own: appends need one, a subscription's ear another. */
const CONNECTIONS_MAX = 10;
const CONNECT_TIMEOUT_MS = 10_000;

/** Throws what the URL is not: a pool would find out only when it connects. */
export const poolOf = (url: string): pg.Pool => {
  new pg.Client({ connectionString: url });
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'recourse',
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // A process that has nothing else to do may end.
    allowExitOnIdle: true,
  });
  // Of a connection that nobody uses: the next one who needs one gets another.
  pool.on('error', () => undefined);
  return pool;
};
