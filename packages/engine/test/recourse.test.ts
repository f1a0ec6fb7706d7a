/** The face for platform code: what each call answers, writes, and whom it wakes. */
import {
  type DeploymentId,
  deploymentStream,
  environmentStream,
  initialEnvironment,
  type PortError,
  type WakeUp,
} from '@recourse/core';
import { createRecourse, orFault, type RecourseOptions } from '@recourse/engine';
import { eventually } from '@recourse/testing';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { accepted, atRest, deployOf, live, refused, settled, shop } from './support/orders.ts';
import { openWorld, transient } from './support/world.ts';

/** With everybody who is woken. */
const opened = async (over: Partial<RecourseOptions> = {}) => {
  const world = await openWorld();
  const woken: DeploymentId[] = [];
  const queue = {
    ...world.options.queue,
    enqueue: ({ deploymentId }: WakeUp) => TE.fromIO(() => void woken.push(deploymentId)),
  };
  return { ...world, woken, recourse: createRecourse({ ...world.options, queue, ...over }) };
};

describe('a cancellation', () => {
  test('is written with who asked and why, and wakes a worker to clear up', async () => {
    const { recourse, options, woken } = await opened();
    const { deployment } = accepted(await recourse.deploy(deployOf('v1')));
    woken.length = 0;
    expect(accepted(await recourse.cancel({ deployment, actor: 'bob', reason: 'wrong branch' }))).toEqual({
      deployment,
    });
    expect(woken).toEqual([deployment]);
    const { events } = await orFault(options.store.read({ stream: deploymentStream(deployment), from: 1 }));
    expect(events[0]).toMatchObject({
      type: 'CancellationRequested',
      data: { actor: 'bob', reason: 'wrong branch' },
      metadata: { actor: 'bob', correlationId: deployment, causationId: deployment },
    });
  });

  test('stops what is being done in this process at once, without a look at the store', async () => {
    const world = await openWorld();
    let letGo = 0;
    const builder = {
      build:
        (_order: unknown, _tree: unknown, { signal }: Parameters<typeof world.options.builder.build>[2]) =>
        () =>
          new Promise<E.Either<PortError, never>>((resolve) => {
            signal.addEventListener('abort', () => {
              letGo++;
              resolve(E.left({ kind: 'transient', code: 'builder/stopped', message: 'It was stopped.' }));
            });
            building = true;
          }),
    };
    let building = false;
    const recourse = createRecourse({ ...world.options, builder, sweepEveryMs: 60_000 });
    const worker = recourse.work();
    const { deployment } = accepted(await recourse.deploy(deployOf('v1')));
    await eventually(
      async () => building,
      (is) => is,
    );
    accepted(await recourse.cancel({ deployment, actor: 'ada' }));
    expect(letGo).toBe(1);
    await worker.stop({ graceMs: 1 });
  });

  test('of what has ended, or never was, is refused as that', async () => {
    const { recourse, woken } = await opened();
    const { deployment } = accepted(await recourse.deploy(deployOf('v1')));
    accepted(await recourse.cancel({ deployment, actor: 'ada' }));
    accepted(await recourse.cancel({ deployment, actor: 'ada' }));
    woken.length = 0;
    const world = await openWorld();
    world.hands.build = () => transient('builder/unreachable');
    world.work();
    const failing = accepted(await world.recourse.deploy(deployOf('v1')));
    expect(await settled(world, failing)).toBe('failed');
    expect(refused(await world.recourse.cancel({ deployment: failing.deployment, actor: 'ada' }))).toEqual({
      code: 'AlreadyEnded',
      deployment: failing.deployment,
      outcome: 'failed',
    });
    expect(refused(await recourse.cancel({ deployment: 'nobody', actor: 'ada' }))).toEqual({
      code: 'DeploymentNotFound',
      deployment: 'nobody',
    });
    expect(woken).toEqual([]);
  });
});

describe('letting automatic deploys go on', () => {
  test('is written with who said so, and wakes everybody who stands in line', async () => {
    const world = await opened();
    const working = createRecourse(world.options);
    const worker = working.work();
    await live({ ...world, recourse: working }, 'v1', 'v2');
    await settled({ recourse: working }, await working.rollback({ environment: shop, actor: 'ada' }));
    await atRest(world);
    await worker.stop();
    const push = accepted(await world.recourse.deploy(deployOf('v3', { trigger: 'push' })));
    const byHand = accepted(await world.recourse.deploy(deployOf('v4')));
    expect(accepted(await world.recourse.environment(shop)).heldBy).not.toBeNull();
    world.woken.length = 0;

    expect(accepted(await world.recourse.resumeAutoDeploy({ environment: shop, actor: 'bob' }))).toBeUndefined();
    expect(world.woken).toEqual([push.deployment, byHand.deployment]);
    const { events } = await orFault(world.options.store.read({ stream: environmentStream(shop) }));
    expect(events.at(-1)).toMatchObject({
      type: 'AutoDeployResumed',
      data: { actor: 'bob' },
      metadata: { actor: 'bob', correlationId: shop, causationId: shop },
    });
    expect(accepted(await world.recourse.environment(shop)).heldBy).toBeNull();
  });
});

describe('a question', () => {
  test('about what is not there is answered with that', async () => {
    const { recourse } = await opened();
    expect(accepted(await recourse.environment('nowhere'))).toEqual(initialEnvironment);
    expect(accepted(await recourse.rollbackOptions('nowhere'))).toEqual([]);
    expect(accepted(await recourse.history({ environment: 'nowhere' }))).toEqual({ entries: [], next: null });
    const notFound = { code: 'DeploymentNotFound', deployment: 'nobody' };
    expect(refused(await recourse.explain('nobody'))).toEqual(notFound);
    expect(refused(await recourse.settled('nobody'))).toEqual(notFound);
  });
});

describe('a worker', () => {
  /** Every pause that anybody makes while a worker runs. */
  const pausesOf = async (over: Partial<RecourseOptions>): Promise<readonly number[]> => {
    const { options } = await openWorld();
    const { sweepEveryMs: _quick, ...slow } = options;
    const pauses: number[] = [];
    const clock = {
      ...options.clock,
      sleep: (...[ms, signal]: Parameters<typeof options.clock.sleep>) => {
        pauses.push(ms);
        return options.clock.sleep(ms, signal);
      },
    };
    const worker = createRecourse({ ...slow, clock, ...over }).work();
    await eventually(
      async () => pauses.length,
      (count) => count > 0,
    );
    await worker.stop();
    return pauses;
  };

  test('sweeps every five seconds, or as it is told', async () => {
    expect((await pausesOf({}))[0]).toBe(5_000);
    expect((await pausesOf({ sweepEveryMs: 700 }))[0]).toBe(700);
  });

  test('tries a step as often as it is told, and every other one as usual', async () => {
    const quick = { deadlineMs: 2_000, attemptsMax: 1, backoffMs: 5, backoffMaxMs: 5 };
    const world = await openWorld();
    const recourse = createRecourse({ ...world.options, policy: { build: quick } });
    const worker = recourse.work();
    let starts = 0;
    world.hands.start = () => (++starts === 1 ? transient('runtime/unavailable') : undefined);
    expect(await settled({ recourse }, await recourse.deploy(deployOf('v1')))).toBe('live');
    world.hands.build = () => transient('builder/unreachable');
    expect(await settled({ recourse }, await recourse.deploy(deployOf('v2')))).toBe('failed');
    expect(world.log.filter((line) => line.startsWith('build'))).toHaveLength(2);
    await worker.stop();
  });
});
