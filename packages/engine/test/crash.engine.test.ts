/** Real processes, real SQLite, real children: the worker is killed after every single step of a rollback. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentId, InstanceId, type Route, type Router } from '@recourse/core';
import { createRecourse, orFault, type Recourse } from '@recourse/engine';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { eventually, startTraffic } from '@recourse/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appRepository, localPorts } from './support/local-platform.ts';
import { accepted } from './support/orders.ts';
import type { RouterCall, WorkerOrder } from './support/worker-process.ts';

const shop = EnvironmentId.parse('shop');
const script = join(import.meta.dirname, 'support', 'worker-process.ts');

let folder: string;
let recourse: Recourse;
let url: URL;
let router: Router;
let commit: ReturnType<typeof appRepository>;
let ports: Awaited<ReturnType<typeof openPorts>>['ports'];
const closing: (() => Promise<void> | void)[] = [];
const children = new Set<ChildProcess>();

const openPorts = (at: string) => orFault(localPorts(at));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recourse-crash-'));
  const opened = await openPorts(folder);
  ports = opened.ports;
  commit = appRepository(join(folder, 'app'));
  const proxy = inProcessProxy({ environmentOf: onlyEnvironment(shop) });
  const { host, port } = await proxy.listen({ port: 0 });
  url = new URL(`http://${host}:${port}/`);
  router = proxy.router;
  recourse = createRecourse({ ...ports, router });
  closing.push(
    async () => {
      for (const { key } of await orFault(ports.runtime.list())) await ports.runtime.stop(key, { graceMs: 500 })();
    },
    () => proxy.close({ graceMs: 500 }),
    opened.close,
    () => rm(folder, { recursive: true, force: true }),
  );
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const close of closing) await close();
});

const startWorker = async (killAt: number | null): Promise<ChildProcess> => {
  const order: WorkerOrder = { folder, killAt };
  const child = fork(script, [JSON.stringify(order)], {
    execArgv: ['--conditions=@recourse/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.on('message', async (message: RouterCall | 'ready') => {
    if (message === 'ready') return;
    const result = await answer(message)();
    if (child.connected) child.send({ id: message.id, result });
  });
  await once(child, 'message');
  return child;
};

const answer = ({ method, args: [, second] }: RouterCall) => {
  if (method === 'where') return router.where(shop);
  if (method === 'openRequests') return router.openRequests(shop, InstanceId.parse(second));
  return router.point(shop, second as Route);
};

const stopWorker = async (child: ChildProcess) => {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

const body = async () => (await fetch(url)).text();

const settle = async (deployment: string) => accepted(await recourse.settled(deployment));

const release = async (version: string) => {
  const worker = await startWorker(null);
  const { deployment } = accepted(await recourse.deploy(commit(version)));
  if ((await settle(deployment)) !== 'live') throw new Error(accepted(await recourse.explain(deployment)).join('\n'));
  await eventuallyAtRest(deployment);
  await stopWorker(worker);
};

/** Requests a rollback, lets a worker die at its n-th step, and another one finish. False if there was no such step. */
const rollBackDyingAt = async (step: number, way: 'reuse' | 'rebuild'): Promise<boolean> => {
  const before = await body();
  if (way === 'rebuild') await pruneTarget();
  const { deployment } = accepted(await recourse.rollback({ environment: shop, actor: 'ada' }));

  const mortal = await startWorker(step);
  const death = once(mortal, 'exit').then(() => true);
  const died = await Promise.race([death, eventuallyAtRest(deployment).then(() => false)]);
  if (!died) await stopWorker(mortal);
  expect(['v1', 'v2']).toContain(await body());

  const next = await startWorker(null);
  expect(await settle(deployment)).toBe('live');
  await eventuallyAtRest(deployment);
  expect(await body()).not.toBe(before);
  expect((await newest()).way).toBe(way);
  await stopWorker(next);
  return died;
};

test.each(['reuse', 'rebuild'] as const)(
  'a worker that is killed after any step of a rollback by %s is taken over, and no request notices',
  async (way) => {
    await release('v1');
    await release('v2');
    const traffic = startTraffic({ url, clients: 2, pauseMs: 5 });
    let step = 1;
    while (await rollBackDyingAt(step, way)) step++;
    const { failed, problems } = await traffic.stop();
    expect({ failed, problems }).toEqual({ failed: 0, problems: [] });
    // Fewer would mean that the worker was not killed where it should have been.
    expect(step).toBeGreaterThan(way === 'reuse' ? 15 : 17);
  },
  600_000,
);

const pruneTarget = async () => {
  const [option] = accepted(await recourse.rollbackOptions('shop'));
  if (option === undefined) throw new Error('there is nothing to go back to');
  await orFault(ports.images.remove(option.target.image.digest));
};

const newest = async () => {
  const [entry] = accepted(await recourse.history({ environment: 'shop', limit: 1 })).entries;
  if (entry === undefined || entry.status === 'unreadable') throw new Error('there is no history');
  return entry;
};

/** Live, with one instance: what it replaced is stopped, and nothing of an interrupted start is left. */
const eventuallyAtRest = (deployment: string) =>
  eventually(
    async () => {
      const instances = await orFault(ports.runtime.list());
      const { entries } = accepted(await recourse.history({ environment: 'shop', limit: 10 }));
      return [...instances.map((one) => one.deployment), ...entries.map(({ status }) => status)];
    },
    ([instance, newestStatus, ...older]) =>
      instance === deployment && newestStatus === 'live' && older.every((status) => status === 'retired'),
  );
