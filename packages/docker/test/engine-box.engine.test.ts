import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startDockerEngine, startPrivateDockerEngine } from '../../../scripts/engines/docker.ts';

test('a test run shares one daemon', async () => {
  const engines = await Promise.all([startDockerEngine(), startDockerEngine()]);
  expect(new Set(engines.map(({ socketPath }) => socketPath)).size).toBe(1);
});

test('private daemons run side by side, and leave nothing behind', async () => {
  const interfaces = () => readdirSync('/sys/class/net');
  const engines = await Promise.all([startPrivateDockerEngine(), startPrivateDockerEngine()]);
  const bridges = engines.map(({ bridge }) => bridge);
  expect(interfaces()).toEqual(expect.arrayContaining(bridges));
  await Promise.all(engines.map(({ stop }) => stop()));
  for (const { socketPath } of engines) expect(existsSync(dirname(socketPath))).toBe(false);
  expect(interfaces().filter((name) => bridges.includes(name))).toEqual([]);
});

test('a daemon whose owner is killed ends as well', async () => {
  const script = `import { startPrivateDockerEngine } from '${import.meta.dirname}/../../../scripts/engines/docker.ts';
    console.log((await startPrivateDockerEngine()).socketPath); setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [socketPath] = await once(createInterface({ input: owner.stdout }), 'line');
  expect(existsSync(socketPath)).toBe(true);
  owner.kill('SIGKILL');
  while (existsSync(dirname(socketPath))) await sleep(50);
});
