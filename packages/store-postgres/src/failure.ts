/** What PostgreSQL, or the way to it, says when it cannot, in the ports' words. */
import type { PortError } from '@recourse/core';

type Reading = Pick<PortError, 'kind' | 'code'> & Readonly<{ reason: string }>;

const unavailable = (reason: string): Reading => ({ kind: 'transient', code: 'store/unavailable', reason });
const damaged = (reason: string): Reading => ({ kind: 'permanent', code: 'store/corrupt', reason });

const missing = damaged(
  'its tables are not as a release of this package left them. Look whether somebody else migrated them, or restore them ' +
    'from a backup',
);
const away = unavailable('PostgreSQL is shutting down, starting, or ended this connection. Try again');
const credentials = unavailable(
  'PostgreSQL does not let this user in. Check the user, the password and pg_hba.conf, and try again',
);

/** By SQLSTATE, or by its class. What is not listed may pass: to ask again does no harm. */
const readings: ReadonlyMap<string, Reading> = new Map([
  [
    '55P03',
    unavailable(
      'another writer kept the lock, and nothing was written. Try again; if it lasts, look in pg_locks for a session ' +
        'that holds an advisory lock, and end it',
    ),
  ],
  ['57014', unavailable('it took longer than statement_timeout allows, and nothing was written. Try again')],
  ['25006', unavailable('PostgreSQL is read-only here. Check that this is the primary, and try again')],
  ['53100', unavailable('the disk of PostgreSQL is full, and nothing was written. Free some space')],
  ['53300', unavailable('PostgreSQL has no connection left. Raise max_connections, or use smaller pools')],
  ['42501', unavailable('this user may not. Grant it what it needs')],
  ['3D000', unavailable('there is no such database. Create it')],
  [
    '54000',
    { kind: 'permanent', code: 'store/too-large', reason: 'it is too large for PostgreSQL, and nothing was written' },
  ],
  ['57', away],
  ['08', away],
  ['28', credentials],
  ['3F', missing],
  ['42', missing],
  ['XX001', damaged('a table is damaged. Restore it from a backup')],
  ['XX002', damaged('an index is damaged. Reindex it, or restore a backup')],
]);

/** The error for what was thrown while `doing` something. Never tells how the connection is made. */
export const failure = (doing: string, cause: unknown): PortError => {
  const { kind, code, reason } = readingOf(cause);
  return { kind, code, message: `Cannot ${doing}: ${reason}.`, cause };
};

export const closed = (doing: string): PortError => ({
  kind: 'transient',
  code: 'store/unavailable',
  message: `Cannot ${doing}: the store was closed.`,
});

/** What a row holds that no release wrote: a value of another type, a text that is no JSON. */
export const unreadable = (doing: string, cause: unknown): PortError => ({
  kind: 'permanent',
  code: 'store/corrupt',
  message: `Cannot ${doing}: a row holds what this release cannot read (${messageOf(cause)}).`,
  cause,
});

/** Trouble of the server, or on the way to it, which would meet anybody who asks: not a fault in what was asked. */
export const isGeneral = (cause: unknown): boolean => {
  const state = sqlStateOf(cause);
  return state === null || ['08', '28', '53', '55', '57', '58'].includes(state.slice(0, 2));
};

const readingOf = (cause: unknown): Reading => {
  const state = sqlStateOf(cause);
  if (state === null) return unavailable(`PostgreSQL does not answer (${codeOf(cause) ?? messageOf(cause)})`);
  return (
    readings.get(state) ?? readings.get(state.slice(0, 2)) ?? unavailable(`${messageOf(cause)} (SQLSTATE ${state})`)
  );
};

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const codeOf = (cause: unknown): string | null =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null;

/** Node's own codes (`ECONNREFUSED`) have letters in front and are longer. */
const sqlStateOf = (cause: unknown): string | null => {
  const code = codeOf(cause);
  return code !== null && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : null;
};
