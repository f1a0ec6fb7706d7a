/** A PostgreSQL for tests, demos and benchmarks: durable as in production, and gone when whoever started it is. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chown, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { boxServer } from './server-box.ts';
import { askForSharedEngine } from './shared.ts';

export type Postgres = Readonly<{
  /** Of a database of its own, whose owner may do anything in it. */
  url: string;
  stop(): Promise<void>;
}>;

export type PrivatePostgres = Postgres &
  Readonly<{
    /** Ends the server as a crash would: what was committed is there after the next `start`. */
    kill(): Promise<void>;
    /** Starts it again on the same data, at the same place. */
    start(): Promise<void>;
  }>;

/**
 * An empty database: in the server that RECOURSE_POSTGRES_URL names (its user must be allowed to create databases); or
 * in the one that this test run shares, which starts when it is first asked for; or in one of its own. `stop` removes
 * the database, and the server if it was started for it.
 */
export const startPostgres = async (): Promise<Postgres> => {
  const server = process.env['RECOURSE_POSTGRES_URL'] || (await askForSharedEngine('postgres'));
  return server ? makeDatabase(server) : startPrivatePostgres();
};

/** Always a server of its own, for a test that kills it. `settings` are those of postgresql.conf. */
export const startPrivatePostgres = async (
  settings: Readonly<Record<string, string>> = {},
): Promise<PrivatePostgres> => {
  const bin = await findPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'rp-'));
  await makeItTheirs(folder);
  const data = join(folder, 'data');
  const password = randomBytes(16).toString('hex');
  await makeCluster(bin, { folder, data, password });

  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const options = Object.entries({ port: String(port), ...always, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const { start, kill, stop } = boxServer({
    name: 'PostgreSQL',
    folder,
    command: asOther(join(bin, 'postgres'), '-D', data, ...options),
    // An immediate shutdown: no checkpoint, so that the next start has to recover.
    signal: 'QUIT',
    answers: () => answersAt(url),
  });
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, start, kill, stop };
};

/** Durability is left as it is by default: on. */
const always = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' };

const makeDatabase = async (server: string): Promise<Postgres> => {
  const name = `recourse_${randomBytes(6).toString('hex')}`;
  await runIn(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, stop: () => runIn(server, `drop database if exists ${name} with (force)`) };
};

const runIn = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

const answersAt = (url: string): Promise<boolean> =>
  runIn(url, 'select 1').then(
    () => true,
    () => false,
  );

/** Of the newest version that Debian's packages brought, else of the path. */
const findPrograms = async (): Promise<string> => {
  const debian = '/usr/lib/postgresql';
  const versions = (await readdir(debian).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const path = (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of [...versions.map((version) => join(debian, version, 'bin')), ...path]) {
    const both = ['postgres', 'initdb'].map((name) => access(join(folder, name)));
    if ((await Promise.allSettled(both)).every(({ status }) => status === 'fulfilled')) return folder;
  }
  throw new Error(
    'PostgreSQL is not installed: "apt-get install postgresql" brings it (14 or later). ' +
      'RECOURSE_POSTGRES_URL may name a server that runs elsewhere.',
  );
};

const makeCluster = async (
  bin: string,
  { folder, data, password }: Readonly<{ folder: string; data: string; password: string }>,
): Promise<void> => {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await makeItTheirs(passwordFile);
  const options = ['--no-sync', '--locale=C', '--encoding=UTF8', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const [program, ...args] = asOther(join(bin, 'initdb'), '-D', data, '--username=postgres', ...options);
  await promisify(execFile)(program, args, { cwd: folder });
};

/** Nobody, in every Linux that has such a user. PostgreSQL does not run as root. */
const other = 65534;
const isRoot = process.getuid?.() === 0;

const makeItTheirs = async (path: string): Promise<void> => {
  if (isRoot) await chown(path, other, other);
};

/** Its death follows that of the box, which may be killed as well. */
const asOther = (program: string, ...args: readonly string[]): readonly [string, ...string[]] => {
  const identity = isRoot ? [`--reuid=${other}`, `--regid=${other}`, '--clear-groups'] : [];
  return ['setpriv', ...identity, '--pdeathsig=QUIT', program, ...args];
};
