import pg from 'pg';
import type { PostgresPool } from './pool.ts';

/** Appends need one connection, a subscription's ear another; the rest are for those who read. */
const CONNECTIONS_MAX = 10;
const CONNECT_TIMEOUT_MS = 10_000;

/** A pool that ends with the store; null for what is no URL, which a pool would find out only when it connects. */
export const ownPool = (url: string): Readonly<{ pool: PostgresPool; end: () => Promise<void> }> | null => {
  if (!isUrl(url)) return null;
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
  return { pool, end: () => pool.end() };
};

const isUrl = (url: string): boolean => {
  try {
    new pg.Client({ connectionString: url });
    return true;
  } catch {
    return false;
  }
};
