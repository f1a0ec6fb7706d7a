/**
 * A worker in a process of its own, over the local engines or over Docker and HAProxy. Argument: a `WorkerOrder` as
 * JSON.
 */
import {
  type Builder,
  type EnvironmentId,
  type HealthProbe,
  Instant,
  type PortError,
  type Route,
  type Router,
} from '@recourse/core';
import { dockerEngine } from '@recourse/docker';
import { createRecourse } from '@recourse/engine';
import { haproxyRouter } from '@recourse/haproxy';
import type * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { localPorts } from './local-platform.ts';
import type { Storage } from './storage.ts';

/** What is the matter with a worker; nothing by default. */
export type Condition = Readonly<{
  /** It sends itself this signal right after its n-th effect or append, before anybody hears of the outcome. */
  fate?: Readonly<{ at: number; signal: 'SIGKILL' | 'SIGSTOP' }>;
  /** How far its clock is ahead. */
  clockOffMs?: number;
  /** Its builder cannot be reached. */
  withoutBuilder?: boolean;
  /** It reaches where events are kept by another way than the rest. */
  storage?: Storage;
}>;

export type WorkerOrder = Readonly<{
  folder: string;
  storage: Storage;
  condition: Condition;
  /** Null: the local engines, and a router in the platform's process, which outlives this one. */
  sockets: Readonly<{ docker: string; haproxy: string }> | null;
}>;

/** To the router in the platform's process. */
export type RouterCall = Readonly<{ id: number; method: 'point' | 'where' | 'openRequests'; args: readonly unknown[] }>;
export type RouterReply = Readonly<{ id: number; result: E.Either<PortError, never> }>;

const order: WorkerOrder = JSON.parse(process.argv[2] ?? '{}');
let points = 0;

/** Dies after the effect: what it did is done, and nobody was told. */
const mortal =
  <Args extends readonly unknown[], A, Error>(effect: (...args: Args) => TE.TaskEither<Error, A>) =>
  (...args: Args): TE.TaskEither<Error, A> =>
  async () => {
    const result = await effect(...args)();
    reached();
    return result;
  };

const { fate, clockOffMs = 0, withoutBuilder = false, storage = order.storage } = order.condition;

const reached = () => {
  if (++points === fate?.at) process.kill(process.pid, fate.signal);
};

/** How often it has to be asked is chance; that it is healthy is found once. */
const mortalProbe = ({ check }: HealthProbe): HealthProbe => ({
  check:
    (...args) =>
    async () => {
      const answer = await check(...args)();
      if (answer._tag === 'Right' && answer.right.healthy) reached();
      return answer;
    },
});

const calls = new Map<number, (result: E.Either<PortError, never>) => void>();
process.on('message', ({ id, result }: RouterReply) => calls.get(id)?.(result));

const remote =
  (method: RouterCall['method']) =>
  (...args: readonly unknown[]): TE.TaskEither<PortError, never> =>
  () =>
    new Promise((resolve) => {
      const id = calls.size;
      calls.set(id, resolve);
      process.send?.({ id, method, args } satisfies RouterCall);
    });

const remoteRouter: Router = {
  point: (environment: EnvironmentId, route: Route) => remote('point')(environment, route),
  where: remote('where'),
  openRequests: remote('openRequests'),
};

const { sockets } = order;
const { ports: local } = await localPorts(order.folder, storage);
const ports = sockets === null ? local : { ...local, ...dockerEngine({ socketPath: sockets.docker }) };
const router = sockets === null ? remoteRouter : haproxyRouter({ socketPath: sockets.haproxy });
const { store, images, runtime, health, clock } = ports;
const unreachable: Builder = {
  build: () => TE.left({ kind: 'transient', code: 'builder/unreachable', message: 'No builder answers here.' }),
};
const builder = withoutBuilder ? unreachable : ports.builder;
const recourse = createRecourse({
  ...ports,
  router: { ...router, point: mortal(router.point) },
  store: { ...store, append: mortal(store.append) },
  images: { ...images, probe: mortal(images.probe) },
  builder: { build: mortal(builder.build) },
  runtime: { ...runtime, start: mortal(runtime.start), stop: mortal(runtime.stop) },
  health: mortalProbe(health),
  clock: { ...clock, now: () => Instant.parse(clock.now() + clockOffMs) },
  sweepEveryMs: 500,
});
const worker = recourse.work();
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void worker.stop({ graceMs: 2_000 }).then(() => process.exit(0)));
process.send?.('ready');
