import { DeploymentId, InstanceId, StepKey, type WakeUp } from '@recourse/core';
import { createRecourse, orFault } from '@recourse/engine';
import { eventually } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { accepted, atRest, deployOf, entryOf, live, serving, settled, shop } from './support/orders.ts';
import { digestOf, openWorld, transient } from './support/world.ts';

describe('a wake-up is a hint', () => {
  test('a deployment whose wake-ups are all lost is found by the sweeper', async () => {
    const world = await openWorld();
    const queue = { ...world.options.queue, enqueue: () => transient('queue/unavailable') };
    const deaf = createRecourse({ ...world.options, queue });
    const { deployment } = accepted(await deaf.deploy(deployOf('v1')));
    world.work();
    expect(await settled(world, { deployment })).toBe('live');
  });

  test('messages of older and newer versions wake, and what is no message is dropped', async () => {
    const world = await openWorld();
    const { deployment } = accepted(await world.recourse.deploy(deployOf('v1')));
    const queued: readonly unknown[] = [
      { deploymentId: deployment },
      { v: 1, deploymentId: deployment, rolledBackFrom: null, priority: 7 },
      { v: 1 },
      'what is this',
      { v: 1, deploymentId: '../../etc/passwd' },
    ];
    const handed: unknown[] = [];
    const queue = {
      ...world.options.queue,
      consume: (
        _options: unknown,
        handle: (message: unknown) => Promise<void>,
      ): ReturnType<typeof world.options.queue.consume> =>
        TE.fromTask(async () => {
          for (const message of queued) {
            await handle(message);
            handed.push(message);
          }
        }),
    };
    const worker = createRecourse({ ...world.options, queue, sweepEveryMs: 60_000 }).work();
    expect(await settled(world, { deployment })).toBe('live');
    await eventually(
      async () => handed.length,
      (count) => count === queued.length,
    );
    await worker.stop();
  });

  test('doubled wake-ups of one deployment, in two workers, do everything once', async () => {
    const world = await openWorld();
    world.work();
    const other = world.another().work();
    onTestFinished(() => other.stop());
    const { deployment } = accepted(await world.recourse.deploy(deployOf('v1')));
    const message: WakeUp = { v: 1, deploymentId: deployment };
    for (let copy = 0; copy < 20; copy++) await orFault(world.options.queue.enqueue(message));
    expect(await settled(world, { deployment })).toBe('live');
    expect(world.log.filter((line) => /^(build|start) /.test(line))).toHaveLength(2);
  });
});

test('a queue that is away for a moment ends no worker', async () => {
  const world = await openWorld();
  let asked = 0;
  const queue = {
    ...world.options.queue,
    consume: (...args: Parameters<typeof world.options.queue.consume>) =>
      ++asked === 1 ? transient('queue/unavailable') : world.options.queue.consume(...args),
  };
  const recourse = createRecourse({ ...world.options, queue, sweepEveryMs: 60_000 });
  const worker = recourse.work();
  expect(await settled({ recourse }, await recourse.deploy(deployOf('v1')))).toBe('live');
  expect(asked).toBe(2);
  await worker.stop();
  await worker.stopped;
});

describe('a store that misbehaves', () => {
  test('an append that happened, and of which nobody was told, is not done twice', async () => {
    const world = await openWorld();
    let appends = 0;
    const store = {
      ...world.options.store,
      append: (request: Parameters<typeof world.options.store.append>[0]) =>
        TE.flatMap((appended: { version: number; position: string; deduplicated: boolean }) =>
          ++appends % 2 === 0 ? transient('store/unavailable') : TE.right(appended),
        )(world.options.store.append(request)),
    };
    const recourse = createRecourse({ ...world.options, store });
    const worker = recourse.work();
    const asked = accepted(await recourse.deploy(deployOf('v1')));
    expect(await settled({ recourse }, asked)).toBe('live');
    await worker.stop();
    const { events } = await orFault(world.options.store.readAll({ after: null, limit: 1000 }));
    const types = events.map(({ stream, type, data }) => `${stream} ${type} ${JSON.stringify(data)}`);
    expect(new Set(types).size).toBe(types.length);
    expect(world.log.filter((line) => /^(build|start) /.test(line))).toHaveLength(2);
  });

  test.each([
    ['newer', { type: 'Teleported', schemaVersion: 1, data: {} }, 'unknown type'],
    ['newer still', { type: 'Promoted', schemaVersion: 99, data: {} }, 'schema version 99'],
    ['malformed', { type: 'Promoted', schemaVersion: 1, data: { fence: 'seven' } }, 'does not parse'],
  ])(
    'an event that is %s stops its deployment, is told in the history, and hinders nobody else',
    async (_, odd, problem) => {
      const world = await openWorld();
      world.work();
      const [first] = await live(world, 'v1', 'v2');
      if (first === undefined) throw new Error('nothing is live');
      const metadata = { recordedAt: world.options.clock.now(), actor: 'x', correlationId: 'x', causationId: 'x' };
      const event = { id: 'odd', ...odd, metadata };
      await orFault(world.options.store.append({ stream: `deployment-${first}`, expected: 'any', events: [event] }));

      await expect(world.recourse.explain(first)).rejects.toMatchObject({ code: expect.stringMatching(/^events\//) });
      await expect(world.recourse.planRollback({ environment: shop, target: first })).rejects.toThrow(problem);
      const { entries } = accepted(await world.recourse.history({ environment: shop }));
      expect(entries.map(({ status }) => status)).toEqual(['live', 'unreadable']);
      expect(serving(world)).toBe('v2');
      expect(await settled(world, await world.recourse.deploy(deployOf('v3')))).toBe('live');
    },
  );
});

describe('the sweeper', () => {
  test('stops what was started for a deployment that has ended, and leaves alone what it does not know', async () => {
    const world = await openWorld();
    world.hands.healthy = ({ order }) => order.variables['VERSION'] !== 'v2';
    const first = world.work();
    await live(world, 'v1');
    const asked = accepted(await world.recourse.deploy(deployOf('v2')));
    expect(await settled(world, asked)).toBe('failed');
    await atRest(world);
    await first.stop();

    const [any] = [...world.running.values()];
    if (any === undefined) throw new Error('nothing runs');
    const late = { ...any, id: InstanceId.parse('late'), key: StepKey.parse('late'), deployment: asked.deployment };
    const strange = {
      ...late,
      id: InstanceId.parse('s'),
      key: StepKey.parse('s'),
      deployment: DeploymentId.parse('not-ours'),
    };
    world.running.set(late.key, late);
    world.running.set(strange.key, strange);
    world.work();
    await eventually(
      async () => [...world.running.keys()],
      (keys) => !keys.includes(late.key),
    );
    expect([...world.running.keys()].sort()).toEqual([any.key, strange.key].sort());
    expect(serving(world)).toBe('v1');
  });

  test('puts a router right that was restarted empty', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    world.routes.clear();
    await eventually(
      async () => serving(world),
      (version) => version === 'v2',
    );
  });
});

describe('a worker that stops', () => {
  test('hands over what it was doing, and another goes on', async () => {
    const world = await openWorld();
    let building: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      building = resolve;
    });
    world.hands.build = () => () => {
      building();
      return new Promise(() => undefined);
    };
    const first = world.work();
    const asked = accepted(await world.recourse.deploy(deployOf('v1')));
    await begun;
    await first.stop({ graceMs: 1 });
    delete world.hands.build;
    expect((await entryOf(world, asked.deployment)).status).toBe('in-flight');
    world.work();
    expect(await settled(world, asked)).toBe('live');
    expect(accepted(await world.recourse.explain(asked.deployment)).join('\n')).toContain(
      'Another worker took up build',
    );
  });

  test('whose fence is old moves no traffic', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    const { fence, upstream } = world.routes.get(shop) ?? { fence: 0, upstream: null };
    const old = { fence: 1, upstream: { id: InstanceId.parse('old'), address: { host: '127.0.0.1', port: 1 } } };
    const refused = await world.options.router.point(shop, old as never)();
    expect(refused).toMatchObject({ left: { code: 'router/stale-fence' } });
    expect(world.routes.get(shop)).toEqual({ fence, upstream });
  });
});

test('an image that was built is what is started, by its digest', async () => {
  const world = await openWorld();
  world.work();
  const [first] = await live(world, 'v1');
  const [instance] = [...world.running.values()];
  expect(instance?.digest).toBe(digestOf(`${first}-build-1`));
});
