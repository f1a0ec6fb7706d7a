/**
 * A worker in a process of its own, over the local engines. Argument: a `WorkerOrder` as JSON. With `killAt` it ends
 * itself with SIGKILL right after its n-th effect or append, before anybody hears of the outcome.
 */
import type { EnvironmentId, PortError, Route, Router } from '@recourse/core';
import { createRecourse, orFault } from '@recourse/engine';
import type * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { localPorts } from './local-platform.ts';

export type WorkerOrder = Readonly<{ folder: string; killAt: number | null }>;

/** The router is in the platform's process, which outlives this one. */
export type RouterCall = Readonly<{ id: number; method: 'point' | 'where' | 'openRequests'; args: readonly unknown[] }>;
export type RouterReply = Readonly<{ id: number; result: E.Either<PortError, never> }>;

const order: WorkerOrder = JSON.parse(process.argv[2] ?? '{}');
let points = 0;

/** Dies after the effect: what it did is done, and nobody was told. */
const mortal =
  <Args extends readonly unknown[], A, Error>(effect: (...args: Args) => TaskEither<Error, A>) =>
  (...args: Args): TaskEither<Error, A> =>
  async () => {
    const result = await effect(...args)();
    if (++points === order.killAt) process.kill(process.pid, 'SIGKILL');
    return result;
  };

const calls = new Map<number, (result: E.Either<PortError, never>) => void>();
process.on('message', ({ id, result }: RouterReply) => calls.get(id)?.(result));

const remote =
  (method: RouterCall['method']) =>
  (...args: readonly unknown[]): TaskEither<PortError, never> =>
  () =>
    new Promise((resolve) => {
      const id = calls.size;
      calls.set(id, resolve);
      process.send?.({ id, method, args } satisfies RouterCall);
    });

const router: Router = {
  point: mortal((environment: EnvironmentId, route: Route) => remote('point')(environment, route)),
  where: remote('where'),
  openRequests: remote('openRequests'),
};

const { ports } = await orFault(localPorts(order.folder));
const { store, images, builder, runtime } = ports;
const recourse = createRecourse({
  ...ports,
  router,
  store: { ...store, append: mortal(store.append) },
  images: { ...images, probe: mortal(images.probe) },
  builder: { build: mortal(builder.build) },
  runtime: { ...runtime, start: mortal(runtime.start), stop: mortal(runtime.stop) },
  sweepEveryMs: 500,
});
const worker = recourse.work();
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void worker.stop({ graceMs: 2_000 }).then(() => process.exit(0)));
process.send?.('ready');
