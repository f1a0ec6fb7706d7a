/** One connection to a file that is ours, set up to keep what it acknowledges, at the newest schema. */
import { DatabaseSync } from 'node:sqlite';
import type { PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { integer, text } from './columns.ts';
import { isNotADatabase } from './failure.ts';
import { APPLICATION_ID, SCHEMA_VERSION, steps } from './schema.ts';

/** How long SQLite itself waits for a lock. Short: it blocks the whole process while it waits. */
const BUSY_TIMEOUT_MS = 100;

/** Opens, checks and if need be migrates. A refusal leaves the file as it was; what SQLite throws goes through. */
export const connect = (file: string): E.Either<PortError, DatabaseSync> => {
  const db = new DatabaseSync(file);
  const outcome = orClose(db, () =>
    pipe(
      atOneMoment(db, () => identify(db, file)),
      E.chain(() => supported(text(db.prepare('select sqlite_version() as version').get(), 'version'))),
      E.chain(() => configure(db, file)),
      E.chain(() => migrate(db, file)),
    ),
  );
  return pipe(
    outcome,
    E.map(() => db),
  );
};

/** Before 3.51.3 a WAL file with several writers could be corrupted: https://sqlite.org/wal.html#walresetbug */
export const supported = (version: string): E.Either<PortError, void> => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major * 1_000_000 + minor * 1000 + patch >= 3_051_003) return E.right(undefined);
  return refused(
    'unsafe-sqlite',
    `This Node.js bundles SQLite ${version}, which can corrupt a file that several processes write. ` +
      'Update Node.js to a release with SQLite 3.51.3 or newer; `node -p process.versions.sqlite` tells.',
  );
};

/** The schema's version, 0 for a file without anything in it. */
const identify = (db: DatabaseSync, file: string): E.Either<PortError, number> => {
  const { application, version, tables } = header(db);
  const isNew = application === 0 && version === 0 && tables === 0;
  if (!isNew && (application !== APPLICATION_ID || version < 1)) {
    return refused('foreign-file', `${file} belongs to another program. Give a file of its own; it is created.`);
  }
  if (version <= SCHEMA_VERSION) return E.right(version);
  return refused(
    'newer-schema',
    `${file} has schema ${version}, this release knows schemas up to ${SCHEMA_VERSION}. ` +
      'Update @recourse/store-sqlite to the release that wrote it.',
  );
};

const header = (db: DatabaseSync): Readonly<{ application: number; version: number; tables: number }> => {
  try {
    return {
      application: integer(db.prepare('pragma application_id').get(), 'application_id'),
      version: integer(db.prepare('pragma user_version').get(), 'user_version'),
      tables: integer(db.prepare('select count(*) as tables from sqlite_schema').get(), 'tables'),
    };
  } catch (cause) {
    if (!isNotADatabase(cause)) throw cause;
    return { application: -1, version: 0, tables: 0 };
  }
};

/** Several looks at the file that another process cannot come between: it may be creating its tables just now. */
const atOneMoment = <A>(db: DatabaseSync, look: () => A): A => {
  db.exec('begin');
  const seen = look();
  db.exec('commit');
  return seen;
};

/** Settings that SQLite forgets from one opening to the next, and the proof that it took them. */
const configure = (db: DatabaseSync, file: string): E.Either<PortError, void> => {
  db.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}; pragma trusted_schema = off;`);
  const journal = text(db.prepare('pragma journal_mode = wal').get(), 'journal_mode');
  // fullfsync is for macOS, where an ordinary fsync does not reach the disk. Elsewhere it means nothing.
  db.exec('pragma synchronous = full; pragma fullfsync = on;');
  const synchronous = integer(db.prepare('pragma synchronous').get(), 'synchronous');
  if (synchronous >= 2 && (journal === 'wal' || (file === ':memory:' && journal === 'memory'))) {
    return E.right(undefined);
  }
  return refused(
    'not-durable',
    `${file} cannot keep what it acknowledges (journal ${journal}, synchronous ${synchronous}). ` +
      'Put it on a local file system: a network share cannot hold it.',
  );
};

/** All steps or none. Who comes second, from another process, finds the work of the first. */
const migrate = (db: DatabaseSync, file: string): E.Either<PortError, void> => {
  db.exec('begin immediate');
  const version = identify(db, file);
  if (E.isRight(version) && version.right < SCHEMA_VERSION) {
    for (const step of steps.slice(version.right)) db.exec(step);
    db.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION};`);
  }
  db.exec('commit');
  return pipe(
    version,
    E.map(() => undefined),
  );
};

/** Closing also takes back a transaction under way. */
const orClose = <A>(db: DatabaseSync, use: () => E.Either<PortError, A>): E.Either<PortError, A> => {
  let outcome: E.Either<PortError, A> | undefined;
  try {
    outcome = use();
    return outcome;
  } finally {
    if (outcome === undefined || E.isLeft(outcome)) db.close();
  }
};

const refused = (problem: string, message: string): E.Either<PortError, never> =>
  E.left({ kind: 'permanent', code: `store/${problem}`, message });
