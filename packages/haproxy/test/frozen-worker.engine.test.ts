/** A worker that is frozen, wherever it is in what it does, cannot move traffic back when it wakes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Fence } from '@recourse/core';
import { haproxyRouter } from '@recourse/haproxy';
import { askEnvironment, right, startTestApp } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { freeze, thaw } from './freeze.ts';
import { freshHaproxy, routeTo, shop } from './fresh-haproxy.ts';

test('frozen between its look and its switch', async () => {
  const { socketPath, router, base, old, newer } = await pointed();
  const worker = startWorker(socketPath, { fence: 5, port: old.port });
  expect(await worker.hear()).toMatchObject({ right: { fence: 4 } });

  await worker.freeze();
  await right(router.point(shop, { upstream: newer.instance, fence: Fence.parse(6) }));
  worker.goOn();
  worker.wake();

  expect(await worker.hear()).toMatchObject({ left: { kind: 'permanent', code: 'router/stale-fence' } });
  expect(await right(router.where(shop))).toEqual({ upstream: newer.instance, fence: 6 });
  expect((await askEnvironment(base)).app).toBe('newer');
});

test('frozen while its command is on the way, in two pieces', async () => {
  const { socketPath, router, base, old, newer } = await pointed();
  const wire = await slowWire(socketPath);
  const worker = startWorker(wire.path, { fence: 5, port: old.port });
  expect(await worker.hear()).toMatchObject({ right: { fence: 4 } });

  wire.hold();
  worker.goOn();
  await wire.heldBack();
  await worker.freeze();
  wire.letHalfThrough();
  await right(router.point(shop, { upstream: newer.instance, fence: Fence.parse(6) }));
  wire.letGo();
  worker.wake();

  expect(await worker.hear()).toMatchObject({ left: { code: 'router/stale-fence' } });
  expect((await askEnvironment(base)).app).toBe('newer');
});

test('a worker that was only slow, and still holds the highest fence, does move it', async () => {
  const { socketPath, router, base, old } = await pointed();
  const worker = startWorker(socketPath, { fence: 5, port: old.port });
  await worker.hear();
  await worker.freeze();
  worker.goOn();
  worker.wake();
  expect(await worker.hear()).toMatchObject({ _tag: 'Right' });
  expect(await right(router.where(shop))).toMatchObject({ upstream: { id: 'stale' }, fence: 5 });
  expect((await askEnvironment(base)).app).toBe('old');
});

/** So many that HAProxy would let another command in before one is done, if it looked at each of them. */
const others = Array.from({ length: 8_000 }, (_, at) => `other-${at} -|-|-|1|${'x'.repeat(100)}\n`).join('');

test.each([
  ['alone', ''],
  ['among thousands of environments', others],
])('many switches at once, %s, in any order: what is in force only ever grows', async (_, routes) => {
  const { router, old, restart, routesFile, socketPath } = await pointed();
  const workers = Array.from({ length: 6 }, () => haproxyRouter({ socketPath }));
  await writeFile(routesFile, routes);
  await restart({ forget: false });
  const seen: number[] = [];
  const fences = Array.from({ length: 120 }, (_, index) => 10 + ((index * 7) % 120));
  let settled = false;
  const watch = async () => {
    do seen.push((await right(router.where(shop)))?.fence ?? 0);
    while (!settled);
  };
  const watching = watch();
  const outcomes = await Promise.all(
    fences.map((fence, at) => workers[at % workers.length]?.point(shop, routeTo(old.port, fence))()),
  );
  settled = true;
  await watching;
  seen.push((await right(router.where(shop)))?.fence ?? 0);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(129);
  const refusals = outcomes.flatMap((outcome) => (outcome?._tag === 'Left' ? [outcome.left.code] : []));
  expect(refusals.filter((code) => code !== 'router/stale-fence')).toEqual([]);
  const kept = await readFile(routesFile, 'utf8');
  expect(kept.match(/^shop .*$/gm)).toEqual([expect.stringContaining('|129|')]);
  expect(kept.length - routes.length).toBeLessThan(300);
});

const pointed = async () => {
  const haproxy = await freshHaproxy();
  const [before, old, newer] = [await startTestApp('before'), await startTestApp('old'), await startTestApp('newer')];
  for (const app of [before, old, newer]) onTestFinished(() => app.close());
  await right(haproxy.router.point(shop, { upstream: before.instance, fence: Fence.parse(4) }));
  return { ...haproxy, old: old.instance.address, newer };
};

const startWorker = (socketPath: string, { fence, port }: Readonly<{ fence: number; port: number }>) => {
  const main = join(import.meta.dirname, 'worker', 'main.ts');
  const argv = ['--conditions=@recourse/source', main, socketPath, String(fence), String(port)];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    hear: async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null'),
    goOn: () => child.stdin.write('go on\n'),
    wake: () => thaw(pid),
    freeze: () => freeze(pid),
  };
};

/** Another path to the same socket, on which what is said can be held back and let through in pieces. */
const slowWire = async (socketPath: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'rw-'));
  let holding = false;
  let held = Buffer.alloc(0);
  let engine: Socket | undefined;
  let onHeld = () => {};
  const isHeld = new Promise<void>((resolve) => {
    onHeld = resolve;
  });
  const server = createServer((worker) => {
    engine = connect(socketPath);
    engine.pipe(worker);
    worker.on('error', () => undefined);
    worker.on('data', (chunk: Buffer) => {
      if (!holding) return void engine?.write(chunk);
      held = Buffer.concat([held, chunk]);
      onHeld();
    });
  });
  const path = join(folder, 's');
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const half = () => Math.floor(held.length / 2);
  return {
    path,
    hold: () => {
      holding = true;
    },
    heldBack: () => isHeld,
    letHalfThrough: () => void engine?.write(held.subarray(0, half())),
    letGo: () => void engine?.write(held.subarray(half())),
  };
};
