/** A PgBouncer for tests, in transaction mode: sessions are shared, as in front of many a production database. */
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { boxServer } from './server-box.ts';

export type Pooler = Readonly<{
  /** Leads to the same database, by a few sessions that all clients share. */
  url: string;
  stop(): Promise<void>;
}>;

/** `server` is the URL of a database. */
export const startPgbouncer = async (server: string): Promise<Pooler> => {
  const folder = await mkdtemp(join(tmpdir(), 'rb-'));
  const { hostname, port: serverPort, pathname, username, password } = new URL(server);
  const name = pathname.slice(1);
  const port = await freePort();
  const url = `postgres://${username}@127.0.0.1:${port}/${name}`;
  const configFile = join(folder, 'pgbouncer.ini');
  const secret = decodeURIComponent(password);
  await writeFile(join(folder, 'users'), `"${decodeURIComponent(username)}" "${secret}"\n`, { mode: 0o644 });
  await writeFile(
    configFile,
    `[databases]
${name} = host=${hostname} port=${serverPort} user=${decodeURIComponent(username)} password=${secret}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
pool_mode = transaction
default_pool_size = 3
`,
  );
  const { start, stop } = boxServer({
    name: 'PgBouncer',
    folder,
    // It does not run as root, and reads its files as whom it becomes.
    command: ['setpriv', '--pdeathsig=KILL', 'pgbouncer', ...(await asNobody(folder)), configFile],
    signal: 'KILL',
    answers: () => answersAt(url),
  });
  try {
    await start();
  } catch (error) {
    await stop();
    if (!/No such file/.test(String(error))) throw error;
    throw new Error('PgBouncer is not installed: "apt-get install pgbouncer" brings it.');
  }
  return { url, stop };
};

const asNobody = async (folder: string): Promise<readonly string[]> => {
  if (process.getuid?.() !== 0) return [];
  await chmod(folder, 0o755);
  return ['--user=nobody'];
};

const answersAt = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};
