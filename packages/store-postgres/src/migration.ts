/** Looks whether a database can keep what it acknowledges, and brings the schema up to date. */
import type { PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { integer, text } from './columns.ts';
import { ANSWER_MS, ask, connected, giveBack, ignore, queryOf } from './database.ts';
import type { PostgresClient, PostgresPool, Row } from './pool.ts';
import { lockKey, postgresMigrations, quoted, SCHEMA_VERSION } from './schema.ts';

type Options = Readonly<{ schema: string; lockTimeoutMs: number }>;

/** A refusal leaves the database as it was; what PostgreSQL throws goes through. */
export const prepare = async (pool: PostgresPool, options: Options): Promise<E.Either<PortError, void>> => {
  const [settings = []] = await ask(pool, settingsQuery, [], ANSWER_MS);
  const unfit = flawInSettings(settings);
  if (unfit !== null) return unfit;

  const version = await identify((sql, values = []) => ask(pool, sql, values, ANSWER_MS), options.schema);
  if (E.isLeft(version) || version.right === SCHEMA_VERSION) return E.map(ignore)(version);
  return migrate(pool, options);
};

const settingsQuery = `select current_setting('server_version_num'), current_setting('server_encoding'),
  current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
  current_setting('default_transaction_isolation')`;

const OLDEST = 130_000;

const flawInSettings = (row: Row): E.Either<PortError, never> | null => {
  const [version, encoding, fsync, pages, commit, isolation] = [0, 1, 2, 3, 4, 5].map((column) => text(row, column));
  if (Number(version) < OLDEST) {
    return refused('unsupported-server', `PostgreSQL 13 or later is needed, and this is ${version}. Update it.`);
  }
  if (encoding !== 'UTF8') {
    return refused(
      'unsupported-server',
      `The database is in ${encoding}, which cannot hold every text. Make one in UTF8.`,
    );
  }
  const off = Object.entries({ fsync, full_page_writes: pages, synchronous_commit: commit }).find(
    ([, value]) => value === 'off',
  );
  if (off !== undefined) {
    return refused(
      'not-durable',
      `PostgreSQL runs with ${off[0]} off, and can lose what it has acknowledged. Turn it on in postgresql.conf, or for ` +
        'this database or user if it was turned off there.',
    );
  }
  if (isolation !== 'read committed') {
    return refused(
      'wrong-isolation',
      `default_transaction_isolation is "${isolation}", in which a writer that waited cannot see what it waited for. ` +
        `Set it back to "read committed" for this user: alter role … set default_transaction_isolation to 'read committed'.`,
    );
  }
  return null;
};

type Run = (sql: string, values?: readonly string[]) => Promise<readonly Row[]>;

/** The schema's version, 0 where nothing is yet. */
const identify = async (run: Run, schema: string): Promise<E.Either<PortError, number>> => {
  const ours = `${quoted(schema)}.migration`;
  const [found = []] = await run(
    `select to_regclass($1), (select count(*) from pg_class where relnamespace = to_regnamespace($2) and relkind = 'r')`,
    [ours, quoted(schema)],
  );
  if (found[0] === null && integer(found, 1) === 0) return E.right(0);
  if (found[0] === null) return foreign(schema);
  const [row = []] = await run(`select coalesce(max(version), 0) from ${ours}`);
  const version = integer(row, 0);
  if (version < 1) return foreign(schema);
  if (version <= SCHEMA_VERSION) return E.right(version);
  return refused(
    'newer-schema',
    `Schema "${schema}" is at version ${version}, this release knows versions up to ${SCHEMA_VERSION}. ` +
      'Update @recourse/store-postgres to the release that wrote it.',
  );
};

const foreign = (schema: string): E.Either<PortError, never> =>
  refused('foreign-schema', `Schema "${schema}" belongs to another program. Give a name of its own; it is created.`);

/** All steps or none, under the lock of those who append. Who comes second finds the work of the first. */
const migrate = async (pool: PostgresPool, options: Options): Promise<E.Either<PortError, void>> => {
  const client = await connected(pool, ANSWER_MS);
  let sound = false;
  try {
    const outcome = await migrateOn(client, options);
    sound = true;
    return outcome;
  } finally {
    // Closing also takes back a transaction under way.
    giveBack(client, { destroy: !sound });
  }
};

const migrateOn = async (
  client: PostgresClient,
  { schema, lockTimeoutMs }: Options,
): Promise<E.Either<PortError, void>> => {
  const run: Run = async (sql, values = []) =>
    (await client.query(queryOf(sql, values))).rows.filter((row): row is Row => Array.isArray(row));
  await run('begin isolation level read committed');
  await run(`select set_config('lock_timeout', $1, true)`, [String(lockTimeoutMs)]);
  await run(`select pg_advisory_xact_lock(${lockKey(schema)})`);
  const version = await identify(run, schema);
  if (E.isRight(version)) {
    for (const step of postgresMigrations(schema).slice(version.right)) await client.query(queryOf(step, []));
  }
  await run('commit');
  return E.map(ignore)(version);
};

const refused = (problem: string, message: string): E.Either<PortError, never> =>
  E.left({ kind: 'permanent', code: `store/${problem}`, message });
