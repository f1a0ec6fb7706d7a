/**
 * Engines made of maps, with hands that make them fail: what the engine does about it is under test here, not they.
 * The store and the queue are real, in memory. Every start, stop and switch is kept, to be asked about afterwards.
 */
import { createHash } from 'node:crypto';
import {
  type Builder,
  CommitId,
  Digest,
  type EnvironmentId,
  type HealthProbe,
  type Image,
  type Images,
  InstanceId,
  type OwnedInstance,
  type PortError,
  type Route,
  type Router,
  type Runtime,
  type Secrets,
  type Sources,
  type StartOrder,
  type StepKey,
} from '@recourse/core';
import { createRecourse, orFault, type Recourse, type RecourseOptions, type Worker } from '@recourse/engine';
import { cryptoIds, systemClock } from '@recourse/node';
import { openSqliteStore } from '@recourse/store-sqlite';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { onTestFinished } from 'vitest';

type Left = TE.TaskEither<PortError, never>;

export const transient = (code: PortError['code']): Left =>
  TE.left({ kind: 'transient', code, message: `${code}, as the test has it` });
export const permanent = (code: PortError['code']): Left =>
  TE.left({ kind: 'permanent', code, message: `${code}, as the test has it` });

const hex = (text: string) => createHash('sha256').update(text).digest('hex');
export const commitOf = (version: string) => CommitId.parse(hex(version).slice(0, 40));
export const digestOf = (content: string) => Digest.parse(`sha256:${hex(content)}`);

type Running = OwnedInstance & Readonly<{ order: StartOrder; port: number }>;

/** Every hand is a function that may answer in place of the engine; undefined lets the engine do its work. */
export type Hands = {
  resolve?: (ref: string) => TE.TaskEither<PortError, CommitId> | undefined;
  tree?: (commit: CommitId) => Left | undefined;
  build?: (key: StepKey) => TE.TaskEither<PortError, void> | undefined;
  builtCommit?: (commit: CommitId) => CommitId | null;
  probe?: (image: Image) => Left | undefined;
  pull?: (image: Image) => Left | undefined;
  start?: (order: StartOrder) => TE.TaskEither<PortError, void> | undefined;
  healthy?: (instance: Running) => boolean;
  stop?: (key: StepKey) => Left | undefined;
  point?: (environment: EnvironmentId, route: Route) => TE.TaskEither<PortError, void> | undefined;
  drain?: () => number;
};

export type World = Readonly<{
  recourse: Recourse;
  options: RecourseOptions;
  hands: Hands;
  /** What the engines hold. */
  here: Map<Digest, Image>;
  registry: Set<Digest>;
  running: Map<StepKey, Running>;
  routes: Map<EnvironmentId, Route>;
  /** Everything that was done to the engines, in order: `build d1-build-1`. */
  log: string[];
  work(): Worker;
  /** Another process over the same store and the same engines. */
  another(): Recourse;
}>;

/** Quick, so that a test that needs a retry or a deadline does not take its real time. */
const policy = {
  'resolve-source': { deadlineMs: 2_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
  'probe-image': { deadlineMs: 2_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
  'pull-image': { deadlineMs: 2_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
  build: { deadlineMs: 400, attemptsMax: 2, backoffMs: 5, backoffMaxMs: 20 },
  start: { deadlineMs: 2_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
  promote: { deadlineMs: 2_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
  'restore-traffic': { deadlineMs: 2_000, attemptsMax: null, backoffMs: 5, backoffMaxMs: 20 },
  'retire-previous': { deadlineMs: 5_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
  'stop-instance': { deadlineMs: 2_000, attemptsMax: 3, backoffMs: 5, backoffMaxMs: 20 },
};

export const openWorld = async (): Promise<World> => {
  const sqlite = await orFault(openSqliteStore({ file: ':memory:' }));
  const hands: Hands = {};
  const here = new Map<Digest, Image>();
  const registry = new Set<Digest>();
  const running = new Map<StepKey, Running>();
  const routes = new Map<EnvironmentId, Route>();
  const log: string[] = [];
  const workers: Worker[] = [];

  const options: RecourseOptions = {
    ...sqlite,
    ...fakeSources(hands, log),
    ...fakeImages(hands, here, registry, log),
    ...fakeRuntime(hands, here, running, log),
    router: fakeRouter(hands, routes, log),
    secrets: fakeSecrets,
    clock: systemClock(),
    ids: cryptoIds(),
    policy,
    sweepEveryMs: 50,
  };
  const recourse = createRecourse(options);
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.stop({ graceMs: 50 })));
    sqlite.close();
  });
  const work = () => {
    const worker = recourse.work();
    workers.push(worker);
    return worker;
  };
  return {
    recourse,
    options,
    hands,
    here,
    registry,
    running,
    routes,
    log,
    work,
    another: () => createRecourse(options),
  };
};

const fakeSources = (hands: Hands, log: string[]): { sources: Sources } => ({
  sources: {
    resolve: (_repository, ref) => hands.resolve?.(ref) ?? TE.right(commitOf(ref)),
    tree: (_repository, commit) => {
      log.push(`tree ${commit.slice(0, 6)}`);
      return hands.tree?.(commit) ?? TE.right(emptyTree());
    },
  },
});

async function* emptyTree(): AsyncGenerator<Uint8Array> {}

const fakeImages = (hands: Hands, here: Map<Digest, Image>, registry: Set<Digest>, log: string[]) => {
  const builtBy = new Map<StepKey, Image>();
  const builder: Builder = {
    build:
      (order, tree, { onProgress }) =>
      async () => {
        log.push(`build ${order.key}`);
        const held = await hands.build?.(order.key)?.();
        if (held?._tag === 'Left') return held;
        const source = await tree();
        if (source._tag === 'Left') return source;
        onProgress({ text: `building ${order.commit.slice(0, 6)}` });
        // As with most real builders, the same commit built again gives other bytes.
        const made = builtBy.get(order.key) ?? {
          name: `app:${order.key}`,
          digest: digestOf(order.key),
          pullable: null,
        };
        builtBy.set(order.key, made);
        here.set(made.digest, made);
        const runnable = order.inputs.preset !== 'static' || order.inputs.runnable;
        const commit = hands.builtCommit === undefined ? order.commit : hands.builtCommit(order.commit);
        return TE.right({ image: made, commit, runnable })();
      },
  };
  const images: Images = {
    probe: (image) => {
      log.push(`probe ${image.digest.slice(7, 13)}`);
      const named = [...here.values()].some((one) => one.name === image.name);
      const found = here.has(image.digest)
        ? 'present'
        : registry.has(image.digest)
          ? 'in-registry'
          : named
            ? 'changed'
            : 'absent';
      return hands.probe?.(image) ?? TE.right(found);
    },
    pull: (image) => {
      log.push(`pull ${image.digest.slice(7, 13)}`);
      const refused = hands.pull?.(image);
      if (refused) return refused;
      if (!registry.has(image.digest)) return permanent('images/not-found');
      here.set(image.digest, image);
      return TE.right(undefined);
    },
    resolve: (reference) => {
      const image = { name: reference, digest: digestOf(reference), pullable: null };
      if (reference.startsWith('gone')) return permanent('images/not-found');
      here.set(image.digest, image);
      return TE.right(image);
    },
    remove: (digest) => TE.fromIO(() => void here.delete(digest)),
    list: () => TE.right([...here.values()]),
  };
  return { images, builder };
};

const fakeRuntime = (hands: Hands, here: Map<Digest, Image>, running: Map<StepKey, Running>, log: string[]) => {
  let port = 20_000;
  const instanceOf = ({ id, port: at }: Running) => ({ id, address: { host: '127.0.0.1', port: at } });
  const runtime: Runtime = {
    start: (order) => async () => {
      log.push(`start ${order.key}`);
      const held = await hands.start?.(order)?.();
      if (held?._tag === 'Left') return held;
      if (!here.has(order.image.digest)) return permanent('runtime/image-gone')();
      const { key, deployment, environment, image } = order;
      const id = InstanceId.parse(`i-${key}`);
      const instance = running.get(key) ?? {
        id,
        key,
        deployment,
        environment,
        digest: image.digest,
        order,
        port: ++port,
      };
      running.set(key, instance);
      return TE.right(instanceOf(instance))();
    },
    inspect: (key) => {
      const instance = running.get(key);
      return TE.right(instance ? { state: 'running', instance: instanceOf(instance) } : { state: 'gone' });
    },
    stop: (key) => {
      const refused = hands.stop?.(key);
      if (refused) return refused;
      log.push(`stop ${key}`);
      running.delete(key);
      return TE.right(undefined);
    },
    logs: () => TE.right(['the last words']),
    list: () => TE.right([...running.values()]),
  };
  const health: HealthProbe = {
    check: ({ port: at }) => {
      const instance = [...running.values()].find((one) => one.port === at);
      const healthy = instance !== undefined && (hands.healthy?.(instance) ?? true);
      return TE.right({ healthy, detail: healthy ? '200' : instance ? '503' : 'connection refused' });
    },
  };
  return { runtime, health };
};

const fakeRouter = (hands: Hands, routes: Map<EnvironmentId, Route>, log: string[]): Router => ({
  point: (environment, route) => async () => {
    const held = await hands.point?.(environment, route)?.();
    if (held?._tag === 'Left') return held;
    const now = routes.get(environment);
    const same = now?.fence === route.fence && now.upstream?.id === route.upstream?.id;
    if (now !== undefined && !same && now.fence >= route.fence) return permanent('router/stale-fence')();
    if (!same) log.push(`point ${route.upstream?.id ?? 'nowhere'}`);
    routes.set(environment, route);
    return TE.right(undefined)();
  },
  where: (environment) => TE.right(routes.get(environment) ?? null),
  openRequests: () => TE.right(hands.drain?.() ?? 0),
});

const fakeSecrets: Secrets = {
  read: (reference) =>
    reference === 'missing'
      ? permanent('secrets/not-found')
      : TE.right({ value: `value-of-${reference}`, fingerprint: 'f' }),
};
