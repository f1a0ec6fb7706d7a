/** A platform whose workers are processes of their own, to be killed one after another, and what its users get. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceId, type Route, type Router } from '@recourse/core';
import { createRecourse, type DeployInput, orFault, type Recourse, type RecourseOptions } from '@recourse/engine';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import type { DockerEngine } from '../../../../scripts/engines/docker.ts';
import { openDockerPlatform, release } from './docker-platform.ts';
import { appRepository, localPorts } from './local-platform.ts';
import { shop } from './orders.ts';
import { type Storage, type StorageName, startStorage } from './storage.ts';
import type { Condition, RouterCall, WorkerOrder } from './worker-process.ts';

export type Stage = Readonly<{
  recourse: Recourse;
  ports: RecourseOptions;
  url: URL;
  /** Commits a release that answers with its name; gives how to deploy it. */
  commit(name: string): DeployInput;
  /** Where events and wake-ups are kept. */
  storage: Storage;
  /** Resolves when it works. */
  startWorker(condition?: Condition): Promise<ChildProcess>;
  /** Also of one that has died already. */
  stopWorker(worker: ChildProcess): Promise<'died' | 'stopped'>;
  close(): Promise<void>;
}>;

/** On nothing but Node, git and where events are kept: a router in this process, which outlives the workers. */
export const openLocalStage = async (name: StorageName = 'SQLite'): Promise<Stage> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-crash-'));
  const { storage, stop } = await startStorage(name, folder);
  const opened = await localPorts(folder, storage);
  const proxy = inProcessProxy({ environmentOf: onlyEnvironment(shop) });
  const { host, port } = await proxy.listen({ port: 0 });
  const ports = { ...opened.ports, router: proxy.router };
  const workers = workersOf({ folder, storage, sockets: null }, proxy.router);
  return {
    recourse: createRecourse(ports),
    ports,
    storage,
    url: new URL(`http://${host}:${port}/`),
    commit: appRepository(join(folder, 'app')),
    ...workers,
    close: async () => {
      workers.killAll();
      for (const { key } of await orFault(ports.runtime.list())) await ports.runtime.stop(key, { graceMs: 500 })();
      await proxy.close({ graceMs: 500 });
      await opened.close();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** On this Docker daemon, which several stages may share, and a HAProxy of its own. */
export const openDockerStage = async (docker: DockerEngine): Promise<Stage> => {
  const platform = await openDockerPlatform(docker);
  const { folder, storage, haproxy, options } = platform;
  const workers = workersOf(
    { folder, storage, sockets: { docker: docker.socketPath, haproxy: haproxy.socketPath } },
    null,
  );
  return {
    recourse: createRecourse(options),
    ports: options,
    storage,
    url: platform.url,
    commit: (name) => platform.commit(release(name)),
    ...workers,
    close: async () => {
      workers.killAll();
      await platform.close();
    },
  };
};

const script = join(import.meta.dirname, 'worker-process.ts');

const workersOf = (order: Omit<WorkerOrder, 'condition'>, router: Router | null) => {
  const children = new Set<ChildProcess>();
  return {
    startWorker: async (condition: Condition = {}): Promise<ChildProcess> => {
      const child = fork(script, [JSON.stringify({ ...order, condition } satisfies WorkerOrder)], {
        execArgv: ['--conditions=@recourse/source'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(order.folder, 'compiled') },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      children.add(child);
      child.once('exit', () => children.delete(child));
      child.on('message', async (message: RouterCall | 'ready') => {
        if (message === 'ready' || router === null) return;
        const result = await answer(router, message)();
        // It may die before it hears.
        if (child.connected) child.send({ id: message.id, result }, () => undefined);
      });
      await once(child, 'message');
      return child;
    },
    stopWorker: async (child: ChildProcess): Promise<'died' | 'stopped'> => {
      const exited = children.has(child) ? once(child, 'exit') : null;
      child.kill('SIGTERM');
      await exited;
      return child.signalCode === 'SIGKILL' ? 'died' : 'stopped';
    },
    killAll: () => {
      for (const child of children) child.kill('SIGKILL');
    },
  };
};

const answer = (router: Router, { method, args: [, second] }: RouterCall) => {
  if (method === 'where') return router.where(shop);
  if (method === 'openRequests') return router.openRequests(shop, InstanceId.parse(second));
  return router.point(shop, second as Route);
};
