/** A Redis for tests, demos and benchmarks: its own port and folder, and gone when whoever started it is. */
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { freePort } from './free-port.ts';
import { boxServer } from './server-box.ts';
import { askForSharedEngine } from './shared.ts';

export type Redis = Readonly<{
  url: string;
  /** What every key has to begin with: others use the same server. */
  prefix: string;
  /** Removes the keys that begin so, and the server if it was started for them. */
  stop(): Promise<void>;
}>;

export type PrivateRedis = Redis &
  Readonly<{
    /** Ends the server as a crash would. What it had written to its append-only file is there after the next `start`. */
    kill(): Promise<void>;
    /** Starts it again on the same data, at the same place. */
    start(): Promise<void>;
  }>;

/**
 * Room in the server that RECOURSE_REDIS_URL names; or in the one that this test run shares, which starts when it is
 * first asked for; or in one of its own.
 */
export const startRedis = async (): Promise<Redis> => {
  const url = process.env['RECOURSE_REDIS_URL'] || (await askForSharedEngine('redis'));
  if (!url) return startPrivateRedis();
  const prefix = somePrefix();
  return { url, prefix, stop: () => removeKeys(url, prefix) };
};

/** Always a server of its own, for a test that kills it. */
export const startPrivateRedis = async (): Promise<PrivateRedis> => {
  const folder = await mkdtemp(join(tmpdir(), 'rk-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  const { start, kill, stop } = boxServer({
    name: 'Redis',
    folder,
    // The death of the server follows that of the box, which may be killed as well.
    command: ['setpriv', '--pdeathsig=KILL', 'redis-server', ...place, '--appendonly', 'yes', '--save', ''],
    signal: 'KILL',
    answers: () => answersAt(url),
  });
  try {
    await start();
  } catch (error) {
    await stop();
    if (!/No such file/.test(String(error))) throw error;
    const hint = 'RECOURSE_REDIS_URL may name a server that runs elsewhere.';
    throw new Error(`Redis is not installed: "apt-get install redis-server" brings it. ${hint}`);
  }
  return { url, prefix: somePrefix(), start, kill, stop };
};

const somePrefix = (): string => `recourse-${randomBytes(6).toString('hex')}`;

const connectTo = (url: string): Client => {
  const client = new Client(url, { lazyConnect: true, retryStrategy: () => null });
  // What goes wrong is told to whoever waits for an answer.
  client.on('error', () => undefined);
  return client;
};

const answersAt = async (url: string): Promise<boolean> => {
  const client = connectTo(url);
  try {
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
};

/** All that begin so. */
export const removeKeys = async (url: string, prefix: string): Promise<void> => {
  const client = connectTo(url);
  try {
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
      if (keys.length > 0) await client.unlink(...keys);
    }
  } finally {
    client.disconnect();
  }
};
