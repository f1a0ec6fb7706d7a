/**
 * How many deployments a second one, two and four workers take through engines that weigh nothing, on each queue; and how
 * long it takes after all workers were killed until each of 10,000 open deployments is being worked on again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EventStore, StoredEvent } from '@recourse/core';
import { createRecourse, orFault } from '@recourse/engine';
import { nodeHost } from '@recourse/node';
import {
  openStorage,
  type Storage,
  type StorageName,
  startStorage,
  storageNames,
} from '../../packages/engine/test/support/storage.ts';
import { weightlessEngines } from './weightless-engines.ts';

const DEPLOYMENTS = 300;
const OPEN = Number(process.env['RECOURSE_BENCH_OPEN'] ?? 10_000);
const CONCURRENCY = 8;

export const benchWorkers = async (): Promise<void> => {
  for (const name of storageNames) {
    for (const workers of [1, 2, 4]) {
      const rate = await onNew(name, (storage) => throughput(storage, workers));
      console.log(`workers: ${name}, ${workers} of them: ${rate.toFixed(0)} deployments a second`);
    }
    const { half, all } = await onNew(name, recovery);
    console.log(
      `workers: ${name}, ${OPEN} open when all were killed: half are worked on again after ${half} s, all after ${all} s`,
    );
  }
};

const onNew = async <A>(name: StorageName, measure: (storage: Storage) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-bench-'));
  const { storage, stop } = await startStorage(name, folder);
  try {
    return await measure(storage);
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** All are asked for before anybody works, each in an environment of its own. */
const throughput = async (storage: Storage, workers: number): Promise<number> => {
  const { store, ask, close } = await openApi(storage);
  await ask(DEPLOYMENTS);
  const live = countEvents(store, ({ type }) => type === 'Promoted');
  const processes = await startWorkers(storage, workers, { concurrency: CONCURRENCY, builds: true });
  // What the first ones cost is the start of the processes.
  await live.reached(DEPLOYMENTS / 10);
  const began = performance.now();
  await live.reached(DEPLOYMENTS);
  const ms = performance.now() - began;
  await live.end();
  await Promise.all(processes.map((one) => end(one, 'SIGTERM')));
  await close();
  return (DEPLOYMENTS * 0.9 * 1_000) / ms;
};

/** One process has all of them in its hands, in the midst of their builds, and is killed; two others come. */
const recovery = async (storage: Storage): Promise<Readonly<{ half: string; all: string }>> => {
  const { store, ask, close } = await openApi(storage);
  const isBuild = (run: number) => (event: StoredEvent) =>
    event.type === 'StepStarted' && Reflect.get(Object(event.data), 'run') === run;
  const first = countEvents(store, isBuild(1));
  const doomed = await startWorkers(storage, 1, { concurrency: OPEN, builds: false });
  await ask(OPEN);
  await first.reached(OPEN);
  await first.end();

  const again = countEvents(store, isBuild(2));
  const began = performance.now();
  await Promise.all(doomed.map((one) => end(one, 'SIGKILL')));
  const others = await startWorkers(storage, 2, { concurrency: OPEN, builds: false });
  await again.reached(OPEN / 2);
  const half = seconds(began);
  await again.reached(OPEN);
  const all = seconds(began);
  await again.end();
  await Promise.all(others.map((one) => end(one, 'SIGKILL')));
  await close();
  return { half, all };
};

const openApi = async (storage: Storage) => {
  const { ports, close } = await openStorage(storage);
  const host = nodeHost({ secrets: { variables: {}, fingerprintKey: 'only for the benchmark' } });
  const recourse = createRecourse({ ...ports, ...host, ...weightlessEngines({ builds: true }) });
  const deploy = async (number: number) => {
    const asked = await recourse.deploy({
      environment: `shop-${number}`,
      source: { kind: 'git', repository: 'https://git.example/shop', commit: number.toString(16).padStart(40, '0') },
      workload: { build: { preset: 'dockerfile', dockerfile: 'Dockerfile' }, run: { port: 80 } },
      actor: 'ada',
    });
    if (asked._tag === 'Left') throw new Error(asked.left.code);
  };
  const ask = async (count: number) => {
    const numbers = Array.from({ length: count }, (_, number) => number).values();
    const some = async () => {
      for (const number of numbers) await deploy(number);
    };
    await Promise.all(Array.from({ length: 16 }, some));
  };
  return { store: ports.store, ask, close };
};

/** Follows the store from its beginning. */
const countEvents = (store: EventStore, counts: (event: StoredEvent) => boolean) => {
  const ending = new AbortController();
  let count = 0;
  let wake: () => void = () => undefined;
  const following = orFault(
    store.subscribe({ after: null, signal: ending.signal }, async (events) => {
      count += events.filter(counts).length;
      wake();
    }),
  );
  return {
    reached: async (wanted: number) => {
      while (count < wanted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
    end: async () => {
      ending.abort();
      await following;
    },
  };
};

type Options = Readonly<{ concurrency: number; builds: boolean }>;

const startWorkers = (storage: Storage, count: number, { concurrency, builds }: Options): Promise<ChildProcess[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const main = join(import.meta.dirname, 'worker-process.ts');
      const args = [
        '--conditions=@recourse/source',
        main,
        JSON.stringify(storage),
        String(concurrency),
        String(builds),
      ];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      for await (const line of createInterface(child.stdout)) if (line === 'working') break;
      return child;
    }),
  );

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
};

const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1);
