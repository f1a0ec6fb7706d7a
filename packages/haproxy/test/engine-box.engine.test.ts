/** The HAProxy that tests, demos and benchmarks start leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { haproxyConfig } from '@recourse/haproxy';
import { eventually } from '@recourse/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type HaproxyPlace, startHaproxy } from '../../../scripts/engines/haproxy.ts';

const plain = (place: HaproxyPlace) => haproxyConfig({ ...place, bind: `127.0.0.1:${place.port}` });

test('ends with its starter, however that ends', async () => {
  const main = join(import.meta.dirname, 'starter', 'main.ts');
  const child = spawn(process.execPath, ['--conditions=@recourse/source', main], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const { pid, socketPath }: { pid: number; socketPath: string } = JSON.parse(String(line));
  expect(existsSync(`/proc/${pid}`)).toBe(true);

  child.kill('SIGKILL');
  await eventually(
    async () => existsSync(`/proc/${pid}`) || existsSync(dirname(socketPath)),
    (there) => !there,
  );
});

test('stopped, it is gone with its folder', async () => {
  const haproxy = await startHaproxy(plain);
  const pid = await haproxy.pid();
  await haproxy.stop();
  // Whoever inherited it may not have asked yet how it ended.
  await eventually(
    async () => existsSync(`/proc/${pid}`),
    (there) => !there,
  );
  expect(existsSync(dirname(haproxy.socketPath))).toBe(false);
  await haproxy.stop();
});

test('a configuration that HAProxy refuses is told, in its words', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rb-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startHaproxy(() => 'global\n nonsense\n')).rejects.toThrow(/unknown keyword 'nonsense'/);
  expect(await readdir(folder)).toEqual([]);
});

test('a port that is taken is told', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  await expect(startHaproxy((place) => plain({ ...place, port }))).rejects.toThrow(/cannot bind/i);
});

test('without HAProxy it says what to install', async () => {
  vi.stubEnv('RECOURSE_HAPROXY', '/nonexistent/haproxy');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startHaproxy(plain)).rejects.toThrow('HAProxy is not installed: "apt-get install haproxy"');
});
