import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as RedisClient } from 'ioredis';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { startPostgres, startPrivatePostgres } from '../scripts/engines/postgres.ts';
import { startPrivateRedis, startRedis } from '../scripts/engines/redis.ts';

const query = async (url: string, sql: string): Promise<readonly unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

const redis = async <A>(url: string, use: (client: RedisClient) => Promise<A>): Promise<A> => {
  const client = new RedisClient(url);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
};

test('a test run shares one PostgreSQL, in which everybody has a database', async () => {
  const [one, two] = await Promise.all([startPostgres(), startPostgres()]);
  onTestFinished(one.stop);
  expect(new URL(one.url).host).toBe(new URL(two.url).host);
  await query(one.url, 'create table mine (id int)');
  await query(two.url, 'create table mine (id int)');
  await two.stop();
  await expect(query(two.url, 'select 1')).rejects.toThrow(/does not exist/);
  expect(await query(one.url, 'select * from mine')).toEqual([]);
});

test('a PostgreSQL is durable, and has after a crash what was committed', async () => {
  const { url, kill, start, stop } = await startPrivatePostgres();
  onTestFinished(stop);
  expect(await query(url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  await query(url, 'create table kept as select 1 as id');
  await kill();
  await expect(query(url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  await start();
  expect(await query(url, 'select * from kept')).toEqual([{ id: 1 }]);
});

test('a test run shares one Redis, in which everybody has a prefix', async () => {
  const [one, two] = await Promise.all([startRedis(), startRedis()]);
  onTestFinished(one.stop);
  expect(one.url).toBe(two.url);
  expect(one.prefix).not.toBe(two.prefix);
  await redis(one.url, async (client) => {
    await client.mset(`${one.prefix}:a`, '1', `${two.prefix}:a`, '2');
    await two.stop();
    expect(await client.mget(`${one.prefix}:a`, `${two.prefix}:a`)).toEqual(['1', null]);
  });
});

test('a Redis has after a crash what it had written', async () => {
  const { url, kill, start, stop } = await startPrivateRedis();
  onTestFinished(stop);
  await redis(url, (client) => client.set('a', '1'));
  await kill();
  await start();
  expect(await redis(url, (client) => client.get('a'))).toBe('1');
});

const folders = (): readonly string[] => readdirSync(tmpdir()).filter((name) => /^r[pk]-/.test(name));

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => resolve(false));
  });

test.each([
  ['PostgreSQL', 'postgres.ts', 'startPrivatePostgres'],
  ['Redis', 'redis.ts', 'startPrivateRedis'],
])('a %s whose owner is killed ends as well, and leaves nothing', async (_name, file, start) => {
  const before = folders();
  const script = `import { ${start} } from '${import.meta.dirname}/../scripts/engines/${file}';
    console.log((await ${start}()).url); setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [url] = await once(createInterface({ input: owner.stdout }), 'line');
  const port = Number(new URL(url).port);
  const theirs = folders().filter((name) => !before.includes(name));
  expect(await isOpen(port)).toBe(true);
  expect(theirs.length).toBeGreaterThan(0);
  owner.kill('SIGKILL');
  while (await isOpen(port)) await sleep(20);
  while (theirs.some((name) => existsSync(`${tmpdir()}/${name}`))) await sleep(20);
});
