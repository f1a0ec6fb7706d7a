/** A worker's dealings with its queue, and how it ends: on a clock that a test moves by hand. */
import { type CancelSignal, defaultPolicy, Instant, type PortError, type WakeUp, type WorkQueue } from '@recourse/core';
import { createRecourse, type Worker, type WorkOptions } from '@recourse/engine';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createActivity } from '../src/activity.ts';
import { createJournal } from '../src/journal.ts';
import { startWorker } from '../src/worker.ts';
import { accepted, deployOf } from './support/orders.ts';
import { openWorld, permanent, transient } from './support/world.ts';

type Consume = Parameters<WorkQueue['consume']>;
type Sleep = Readonly<{ ms: number; signal: CancelSignal | undefined; wake: () => void }>;

/** Lets everybody go on who has nothing to wait for. */
const settledDown = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

const aborted = (signal: CancelSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', resolve);
  });

const opened = async (consume?: (nth: number, ...args: Consume) => ReturnType<WorkQueue['consume']>) => {
  const world = await openWorld();
  const sleeps: Sleep[] = [];
  const consumed: Consume[] = [];
  const enqueued: WakeUp[] = [];
  const clock = {
    now: () => Instant.parse(10_000),
    sleep: async (ms: number, signal?: CancelSignal): Promise<void> => {
      if (signal?.aborted === true) return;
      await new Promise<void>((wake) => {
        sleeps.push({ ms, signal, wake });
        signal?.addEventListener('abort', wake);
      });
    },
  };
  const queue: WorkQueue = {
    enqueue: (message) => TE.fromIO(() => void enqueued.push(message)),
    consume: (...args) => {
      consumed.push(args);
      return consume?.(consumed.length, ...args) ?? TE.fromTask(() => aborted(args[0].signal));
    },
  };
  const ports = { ...world.options, queue, clock };
  const recourse = createRecourse(ports);
  const advancing = { ports, journal: createJournal(ports), policy: defaultPolicy, activity: createActivity() };
  /** Sweeps nothing, and says when it has ended. */
  const sweeper = { run: (signal: CancelSignal) => aborted(signal).then(() => void swept.push('ended')) };
  const swept: string[] = [];
  const start = (options: WorkOptions = {}): Worker => {
    const worker = startWorker(advancing, sweeper, options);
    onTestFinished(() => worker.stop({ graceMs: 0 }).catch(() => undefined));
    return worker;
  };
  return {
    ...world,
    recourse,
    start,
    swept,
    consumed,
    enqueued,
    /** Who sleeps that long. */
    sleeping: (ms: number) => sleeps.filter((sleep) => sleep.ms === ms),
    deploy: async () => {
      const { deployment } = accepted(await recourse.deploy(deployOf('v1')));
      enqueued.length = 0;
      return deployment;
    },
  };
};

describe('a worker', () => {
  test('takes four deployments at once, or as many as it is told', async () => {
    const { start, consumed } = await opened();
    start();
    start({ concurrency: 9 });
    expect(consumed.map(([{ concurrency }]) => concurrency)).toEqual([4, 9]);
  });

  test('asks a queue that is away again after a second', async () => {
    const { start, consumed, sleeping } = await opened((nth, { signal }) =>
      nth <= 2 ? transient('queue/unavailable') : TE.fromTask(() => aborted(signal)),
    );
    start();
    for (let asked = 1; asked <= 3; asked++) {
      await settledDown();
      expect(consumed).toHaveLength(asked);
      sleeping(1_000).at(-1)?.wake();
    }
    await settledDown();
    expect(consumed).toHaveLength(3);
    expect(sleeping(1_000)).toHaveLength(2);
  });

  test('ends with a fault when the queue fails for good, and sweeps no more', async () => {
    const { start, swept, consumed } = await opened(() => permanent('queue/refused'));
    const worker = start();
    await expect(worker.stopped).rejects.toMatchObject({ name: 'Fault', code: 'queue/refused' });
    expect(swept).toEqual(['ended']);
    expect(consumed).toHaveLength(1);
    await expect(worker.stop()).rejects.toMatchObject({ code: 'queue/refused' });
  });

  test('that nobody looks at brings nobody down when it ends so', async () => {
    const { start, swept } = await opened(() => permanent('queue/refused'));
    start();
    await settledDown();
    expect(swept).toEqual(['ended']);
  });

  test('whose queue ends the consumption asks for no more', async () => {
    const { start, consumed } = await opened(() => TE.right(undefined));
    start();
    await settledDown();
    expect(consumed).toHaveLength(1);
  });
});

describe('a message', () => {
  /** Is handed to a worker in the moment in which it is told to stop. */
  const handed = (messageOf: () => unknown) =>
    opened((_nth, { signal }, handle) =>
      TE.fromTask(async () => {
        await aborted(signal);
        await handle(messageOf());
      }),
    );

  test('that comes as the worker is ending goes back to the queue', async () => {
    const world = await handed(() => ({ v: 1, deploymentId: id }));
    const id = await world.deploy();
    await world.start().stop();
    expect(world.enqueued).toEqual([{ v: 1, deploymentId: id }]);
    expect(world.log).toEqual([]);
  });

  test.each([{ v: 1, deploymentId: 'nobody' }, { v: 1, deploymentId: '../x' }, 'what is this'])(
    'that is %j is done with: there is nobody to wake',
    async (message) => {
      const world = await handed(() => message);
      await world.start().stop();
      expect(world.enqueued).toEqual([]);
    },
  );
});

describe('a worker that is told to stop', () => {
  /** In the midst of a build that hears when it is let go. */
  const building = async () => {
    const letGo: string[] = [];
    let begun: () => void = () => undefined;
    const isBuilding = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let finish: () => void = () => undefined;
    const world = await opened((_nth, { signal }, handle) =>
      TE.fromTask(async () => {
        await handle({ v: 1, deploymentId: id });
        await aborted(signal);
      }),
    );
    const id = await world.deploy();
    const builder = {
      build:
        (_order: unknown, _tree: unknown, { signal }: { signal: AbortSignal }) =>
        () =>
          new Promise<E.Either<PortError, never>>((resolve) => {
            finish = () => resolve(E.left({ kind: 'permanent', code: 'builder/failed', message: 'It failed.' }));
            signal.addEventListener('abort', () => {
              letGo.push('let go');
              finish();
            });
            begun();
          }),
    };
    Object.assign(world.options.builder, builder);
    const worker = world.start();
    await isBuilding;
    return { ...world, id, worker, letGo, finish: () => finish() };
  };

  test('lets what is under way come to its end, and begins nothing after it', async () => {
    const { worker, letGo, finish, sleeping, enqueued, id } = await building();
    const stopping = worker.stop();
    await settledDown();
    expect(letGo).toEqual([]);
    expect(sleeping(10_000)).toHaveLength(1);
    finish();
    await stopping;
    await worker.stopped;
    // Nothing is left that would keep a process from ending.
    expect(sleeping(10_000)[0]?.signal?.aborted).toBe(true);
    expect(letGo).toEqual([]);
    expect(enqueued).toEqual([{ v: 1, deploymentId: id }]);
  });

  test('lets go of it when the time is up, and hands it over', async () => {
    const { worker, letGo, sleeping, enqueued, id, recourse } = await building();
    const stopping = worker.stop({ graceMs: 4_321 });
    await settledDown();
    expect(letGo).toEqual([]);
    sleeping(4_321)[0]?.wake();
    await stopping;
    expect(letGo).toEqual(['let go']);
    expect(enqueued).toEqual([{ v: 1, deploymentId: id }]);
    expect(accepted(await recourse.explain(id)).join('\n')).not.toContain('failed');
  });
});
