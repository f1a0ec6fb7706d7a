/** One simulated platform: processes with the real library in them, over engines that are made of maps. */
import { createRecourse, type Ports, type Worker } from '@recourse/engine';
import type { Adapters } from './adapters.ts';
import type { Lab } from './lab.ts';
import type { Running } from './operator/operator.ts';
import { createBuilds, simBuilder } from './ports/builder.ts';
import { simClock, simIds } from './ports/clock-and-ids.ts';
import { commitOf, createEngine, digestOf, type Engine } from './ports/engine.ts';
import { simImages } from './ports/images.ts';
import { ownRuntime } from './ports/own-runtime.ts';
import { type Broker, createBroker, simQueue } from './ports/queue.ts';
import { createRouter, type SimRouter, simRouter } from './ports/router.ts';
import { simHealth, simRuntime } from './ports/runtime.ts';
import { simSecrets } from './ports/secrets.ts';
import { type Saved, simSnapshots } from './ports/snapshots.ts';
import { type Branches, simSources } from './ports/sources.ts';
import { type Log, simStore } from './ports/store.ts';
import { createProcess, type Process } from './process.ts';
import { policy, type Shape } from './shape.ts';

export type World = Readonly<{
  engine: Engine;
  router: SimRouter;
  branches: Branches;
  broker: Broker;
  running(): readonly Running[];
  /** Stops a process in an orderly way, and starts it again. */
  replace(process: Process): void;
}>;

export const createWorld = (lab: Lab, shape: Shape, log: Log, adapters: Adapters = {}): World => {
  const engine = createEngine(lab);
  const router = createRouter(lab);
  const branches: Branches = new Map([['https://git.example/app main', commitOf('0')]]);
  const broker = createBroker(lab);
  const builds = createBuilds();
  const saved: Saved = new Map();
  const ids = simIds();
  const up = new Map<string, Running & Readonly<{ worker: Worker }>>();
  const runtimeOf =
    adapters.runtime === undefined
      ? (process: Process) => simRuntime(lab, engine, process)
      : ownRuntime(lab, engine, adapters.runtime);
  stock(engine);

  const portsOf = (process: Process): Ports => ({
    store: simStore(lab, log, process),
    snapshots: simSnapshots(lab, saved, process),
    queue: simQueue(lab, broker, shape.deafQueue, process),
    images: simImages(lab, engine, process),
    builder: simBuilder(lab, engine, builds, shape, process),
    sources: simSources(lab, branches, process),
    runtime: runtimeOf(process),
    health: simHealth(lab, engine, process),
    router: simRouter(lab, router, process),
    secrets: simSecrets(lab, process),
    clock: simClock(lab, process),
    ids,
  });

  const boot = (name: string, generation: number): void => {
    const died = () => {
      up.delete(name);
      const downMs = 2_000 + 5_000 * lab.choices.at(`restart of ${name}`).pick('after', 7);
      lab.kernel.after(downMs, () => boot(name, generation + 1));
    };
    const process = createProcess(lab, name, generation, died);
    process.deliver(() => {
      lab.trace.note(name, `starts, life ${generation}`);
      const recourse = createRecourse({ ...portsOf(process), policy, sweepEveryMs: shape.sweepEveryMs });
      const worker = recourse.work();
      worker.stopped.catch((error: unknown) => lab.defect(`the worker of ${name} ended: ${String(error)}`));
      up.set(name, { process, recourse, worker });
    });
  };

  for (let at = 1; at <= shape.processes; at++) lab.kernel.after(at, () => boot(`p${at}`, 1));

  return {
    engine,
    router,
    branches,
    broker,
    running: () => [...up.values()],
    replace: (process) => {
      const worker = up.get(process.name)?.worker;
      process.deliver(() => {
        lab.trace.note(process.name, 'is asked to stop');
        void worker?.stop({ graceMs: 5_000 }).then(process.die);
      });
    },
  };
};

/** The images that others made: releases of them have no source to go back to. */
const stock = ({ registry, names }: Engine): void => {
  for (const tag of ['v0', 'v1', 'v2']) {
    const name = `registry.example/tool:${tag}`;
    const digest = digestOf(name);
    registry.set(digest, { image: { name, digest, pullable: null }, commit: null, runnable: true });
    names.set(name, digest);
  }
};
