import { describe, expect, test } from 'vitest';
import { accepted, atRest, deployOf, entryOf, live, refused, serving, settled, shop } from './support/orders.ts';
import { openWorld, type World } from './support/world.ts';

/** Holds every build until it is let go; whoever builds is told by its key. */
const holdBuilds = (world: World) => {
  const waiting = new Map<string, () => void>();
  let began: (key: string) => void = () => undefined;
  const begun = new Promise<string>((resolve) => {
    began = resolve;
  });
  world.hands.build = (key) => () =>
    new Promise((resolve) => {
      waiting.set(key, () => resolve({ _tag: 'Right', right: undefined }));
      began(key);
    });
  const letGo = () => {
    delete world.hands.build;
    for (const go of waiting.values()) go();
  };
  return { begun, letGo };
};

const push = (version: string) => deployOf(version, { trigger: 'push' });

describe('one click', () => {
  test('a hundred copies of it at once are one deployment, and all get the same answer', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    const other = world.another();
    const click = { environment: shop, actor: 'ada', commandId: 'click-1' };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? world.recourse : other).rollback(click)),
    );
    const ids = new Set(answers.map((answer) => accepted(answer).deployment));
    expect(ids.size).toBe(1);
    const [deployment] = ids;
    if (deployment === undefined) throw new Error('no answer');
    expect(await settled(world, { deployment })).toBe('live');
    await atRest(world);
    expect(accepted(await world.recourse.history({ environment: shop })).entries).toHaveLength(3);
    expect(world.log.filter((line) => line === `start ${deployment}-start-1`)).toHaveLength(1);

    expect(accepted(await world.recourse.rollback(click)).deployment).toBe(deployment);
  });

  test('a hundred copies of one webhook are one deployment', async () => {
    const world = await openWorld();
    world.work();
    const hook = { ...push('v1'), commandId: 'delivery-7' };
    const answers = await Promise.all(Array.from({ length: 100 }, () => world.recourse.deploy(hook)));
    expect(new Set(answers.map((answer) => accepted(answer).deployment)).size).toBe(1);
    for (const answer of answers.slice(0, 1)) expect(await settled(world, answer)).toBe('live');
    expect(world.log.filter((line) => line.startsWith('build'))).toHaveLength(1);
  });

  test('the same command id with another content is refused', async () => {
    const world = await openWorld();
    const { deployment } = accepted(await world.recourse.deploy({ ...deployOf('v1'), commandId: 'x' }));
    const reused = refused(await world.recourse.deploy({ ...deployOf('v2'), commandId: 'x' }));
    expect(reused).toEqual({ code: 'CommandReused', deployment });
    expect(refused(await world.recourse.rollback({ environment: shop, actor: 'ada', commandId: 'x' })).code).toBe(
      'CommandReused',
    );
  });
});

describe('several at once', () => {
  test('a newer deploy supersedes one that waits, and not the one in flight', async () => {
    const world = await openWorld();
    world.work();
    const { begun, letGo } = holdBuilds(world);
    const first = accepted(await world.recourse.deploy(deployOf('v1')));
    await begun;
    const second = accepted(await world.recourse.deploy(deployOf('v2')));
    const third = accepted(await world.recourse.deploy(deployOf('v3')));
    expect(await settled(world, second)).toBe('superseded');
    letGo();
    expect(await settled(world, first)).toBe('live');
    expect(await settled(world, third)).toBe('live');
    await atRest(world);
    expect(serving(world)).toBe('v3');
  });

  test('a newer deploy that was cancelled before anybody came to it supersedes nothing', async () => {
    const world = await openWorld();
    const first = await world.recourse.deploy(deployOf('v1'));
    const { deployment } = accepted(await world.recourse.deploy(deployOf('v2')));
    accepted(await world.recourse.cancel({ deployment, actor: 'ada' }));
    world.work();
    expect(await settled(world, first)).toBe('live');
    await atRest(world);
    expect(accepted(await world.recourse.environment(shop)).waiting).toEqual([]);
  });

  test('a rollback cancels a push in flight that has not begun to promote, and its build with it', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    const { begun } = holdBuilds(world);
    const pushed = accepted(await world.recourse.deploy(push('v3')));
    await begun;
    const back = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, pushed)).toBe('cancelled');
    expect(await settled(world, back)).toBe('live');
    await atRest(world);
    expect(serving(world)).toBe('v1');
  });

  test('a push during a rollback waits until somebody says go', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    world.here.clear();
    const { begun, letGo } = holdBuilds(world);
    const back = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    await begun;
    const pushed = accepted(await world.recourse.deploy(push('v3')));
    letGo();
    expect(await settled(world, back)).toBe('live');
    for (let look = 0; look < 20; look++) {
      expect((await entryOf(world, pushed.deployment)).status).toBe('waiting');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(serving(world)).toBe('v1');

    accepted(await world.recourse.resumeAutoDeploy({ environment: shop, actor: 'ada' }));
    expect(await settled(world, pushed)).toBe('live');
    expect(serving(world)).toBe('v3');
  });

  test('after a rollback somebody may still deploy by hand', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    expect(await settled(world, await world.recourse.rollback({ environment: shop, actor: 'ada' }))).toBe('live');
    const pushed = accepted(await world.recourse.deploy(push('v3')));
    const byHand = accepted(await world.recourse.deploy(deployOf('v4')));
    expect(await settled(world, byHand)).toBe('live');
    expect(await settled(world, pushed)).toBe('superseded');
    expect(serving(world)).toBe('v4');
  });

  test('a second rollback to the same release is refused while the first is under way', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    world.here.clear();
    const { begun, letGo } = holdBuilds(world);
    const first = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    await begun;
    const second = refused(await world.recourse.rollback({ environment: shop, actor: 'bob' }));
    expect(second).toEqual({ code: 'EnvironmentBusy', environment: shop, with: first.deployment });
    letGo();
    expect(await settled(world, first)).toBe('live');
  });

  test('a second rollback to another release replaces the first', async () => {
    const world = await openWorld();
    world.work();
    const [v1] = await live(world, 'v1', 'v2', 'v3');
    world.here.clear();
    const { begun, letGo } = holdBuilds(world);
    const first = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    await begun;
    const second = accepted(await world.recourse.rollback({ environment: shop, target: v1 ?? '', actor: 'bob' }));
    expect(await settled(world, first)).toBe('cancelled');
    letGo();
    expect(await settled(world, second)).toBe('live');
    await atRest(world);
    expect(serving(world)).toBe('v1');
  });

  test('two environments do not wait for each other', async () => {
    const world = await openWorld();
    world.work();
    const { begun, letGo } = holdBuilds(world);
    const first = accepted(await world.recourse.deploy(deployOf('v1')));
    await begun;
    delete world.hands.build;
    expect(await settled(world, await world.recourse.deploy({ ...deployOf('v1'), environment: 'blog' }))).toBe('live');
    letGo();
    expect(await settled(world, first)).toBe('live');
  });
});

describe('cancelling', () => {
  test.each(['build', 'start', 'healthy'] as const)(
    'in the midst of %s ends it, and nothing is left of it',
    async (stage) => {
      const world = await openWorld();
      world.work();
      await live(world, 'v1');
      let reached: () => void = () => undefined;
      const there = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const forever = () => () => {
        reached();
        return new Promise<never>(() => undefined);
      };
      if (stage === 'build') world.hands.build = forever;
      if (stage === 'start') world.hands.start = forever;
      if (stage === 'healthy')
        world.hands.healthy = ({ order }) => {
          if (order.variables['VERSION'] === 'v2') reached();
          return order.variables['VERSION'] !== 'v2';
        };
      const asked = accepted(await world.recourse.deploy(deployOf('v2')));
      await there;
      accepted(await world.recourse.cancel({ deployment: asked.deployment, actor: 'ada', reason: 'wrong branch' }));
      expect(await settled(world, asked)).toBe('cancelled');
      delete world.hands.build;
      delete world.hands.start;
      await atRest(world);
      expect(serving(world)).toBe('v1');
      expect(accepted(await world.recourse.explain(asked.deployment)).join(' ')).toContain('by ada: wrong branch');
      expect(await settled(world, await world.recourse.deploy(deployOf('v3')))).toBe('live');
    },
    30_000,
  );

  test('while it waits ends it before it begins', async () => {
    const world = await openWorld();
    world.work();
    const { begun, letGo } = holdBuilds(world);
    const first = accepted(await world.recourse.deploy(deployOf('v1')));
    await begun;
    const second = accepted(await world.recourse.deploy(deployOf('v2')));
    accepted(await world.recourse.cancel({ deployment: second.deployment, actor: 'ada' }));
    expect(await settled(world, second)).toBe('cancelled');
    letGo();
    expect(await settled(world, first)).toBe('live');
    expect(world.log.filter((line) => line.startsWith(`build ${second.deployment}`))).toEqual([]);
  });

  test('once the switch has begun is refused', async () => {
    const world = await openWorld();
    world.work();
    let reached: () => void = () => undefined;
    let go: () => void = () => undefined;
    const there = new Promise<void>((resolve) => {
      reached = resolve;
    });
    world.hands.point = () => () =>
      new Promise((resolve) => {
        go = () => resolve({ _tag: 'Right', right: undefined });
        reached();
      });
    const asked = accepted(await world.recourse.deploy(deployOf('v1')));
    await there;
    const { deployment } = asked;
    expect(refused(await world.recourse.cancel({ deployment, actor: 'ada' }))).toEqual({
      code: 'PromotionStarted',
      deployment,
    });
    delete world.hands.point;
    go();
    expect(await settled(world, asked)).toBe('live');
    expect(await world.recourse.cancel({ deployment: 'nobody', actor: 'ada' })).toMatchObject({
      left: { code: 'DeploymentNotFound' },
    });
  });

  test('from another process reaches the worker that builds', async () => {
    const world = await openWorld();
    world.work();
    const { begun } = holdBuilds(world);
    const asked = accepted(await world.recourse.deploy(deployOf('v1')));
    await begun;
    accepted(await world.another().cancel({ deployment: asked.deployment, actor: 'ada' }));
    delete world.hands.build;
    expect(await settled(world, await world.recourse.deploy(deployOf('v2')))).toBe('live');
  }, 30_000);
});
