import { orFault } from '@recourse/engine';
import { eventually } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { accepted, atRest, deployOf, entryOf, live, serving, settled, shop } from './support/orders.ts';
import { openWorld, permanent, transient, type World } from './support/world.ts';

/** Deploys v2 over a live v1 and expects it to fail, with v1 untouched and nothing left behind. */
const failsOverV1 = async (world: World) => {
  const asked = accepted(await world.recourse.deploy(deployOf('v2')));
  expect(await settled(world, asked)).toBe('failed');
  await atRest(world);
  expect(serving(world)).toBe('v1');
  const entry = await entryOf(world, asked.deployment);
  expect(entry.status).toBe('failed');
  return entry;
};

const openWithV1 = async () => {
  const world = await openWorld();
  world.work();
  await live(world, 'v1');
  return world;
};

describe('a deployment that fails leaves what is live alone, and says why', () => {
  test('when the build fails', async () => {
    const world = await openWithV1();
    world.hands.build = () => permanent('builder/failed');
    expect(await failsOverV1(world)).toMatchObject({ failure: { code: 'builder/failed' } });
  });

  test('when the build never ends', async () => {
    const world = await openWithV1();
    world.hands.build = () => () => new Promise(() => undefined);
    const entry = await failsOverV1(world);
    expect(entry.failure).toMatchObject({ code: 'engine/deadline' });
    expect(entry.failure?.message).toContain('400 ms');
  }, 30_000);

  test('when the engine is away for as long as it is asked', async () => {
    const world = await openWithV1();
    world.hands.build = () => transient('builder/unreachable');
    expect(await failsOverV1(world)).toMatchObject({ failure: { code: 'builder/unreachable' } });
  });

  test('when the app never becomes healthy', async () => {
    const world = await openWithV1();
    world.hands.healthy = ({ order }) => order.variables['VERSION'] !== 'v2';
    const entry = await failsOverV1(world);
    expect(entry.failure).toMatchObject({ code: 'health/unhealthy' });
    expect(entry.failure?.message).toContain('503');
  });

  test('and whoever watches sees the last words of the app', async () => {
    const world = await openWithV1();
    world.hands.healthy = ({ order }) => order.variables['VERSION'] !== 'v2';
    const stop = new AbortController();
    const words: string[] = [];
    const watching = (async () => {
      for await (const watched of world.recourse.watch({ signal: stop.signal }))
        if (watched.type === 'progress') words.push(watched.text);
    })();
    await failsOverV1(world);
    stop.abort();
    await watching;
    expect(words).toContain('the last words');
  });

  test('when the app dies at once', async () => {
    const world = await openWithV1();
    world.hands.healthy = ({ key, order }) => {
      if (order.variables['VERSION'] === 'v2') world.running.delete(key);
      return order.variables['VERSION'] !== 'v2';
    };
    expect((await failsOverV1(world)).failure?.message).toContain('the instance is gone');
  });

  test('when the app dies after the health gate, before the switch', async () => {
    const world = await openWithV1();
    let checks = 0;
    world.hands.healthy = ({ order }) => order.variables['VERSION'] !== 'v2' || ++checks === 1;
    expect(await failsOverV1(world)).toMatchObject({ failure: { code: 'health/lost' } });
    expect(world.routes.get(shop)?.upstream?.id).toContain('start-1');
  });

  test('when the instance cannot be started', async () => {
    const world = await openWithV1();
    world.hands.start = () => permanent('runtime/start-failed');
    expect(await failsOverV1(world)).toMatchObject({ failure: { code: 'runtime/start-failed' } });
  });

  test('when the router is gone at the switch', async () => {
    const world = await openWithV1();
    const v1 = world.routes.get(shop)?.upstream?.id;
    world.hands.point = (_environment, { upstream }) =>
      upstream?.id === v1 ? undefined : transient('router/unreachable');
    expect(await failsOverV1(world)).toMatchObject({ failure: { code: 'router/unreachable' } });
    expect(world.routes.get(shop)?.upstream?.id).toBe(v1);
  });

  test('when the router applied the switch and could not say so', async () => {
    const world = await openWithV1();
    const v1 = world.routes.get(shop)?.upstream?.id;
    world.hands.point = (environment, route) => {
      if (route.upstream?.id === v1) return undefined;
      world.routes.set(environment, route);
      return transient('router/unreachable');
    };
    await failsOverV1(world);
    expect(world.routes.get(shop)?.upstream?.id).toBe(v1);
    expect(world.routes.get(shop)?.fence).toBeGreaterThan(2);
  });

  test('when a secret is missing', async () => {
    const world = await openWithV1();
    const secrets = { TOKEN: { reference: 'missing', fingerprint: null } };
    const asked = accepted(await world.recourse.deploy(deployOf('v2', { config: { secrets } })));
    expect(await settled(world, asked)).toBe('failed');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ failure: { code: 'secrets/not-found' } });
    expect(serving(world)).toBe('v1');
  });

  test('when the branch does not exist', async () => {
    const world = await openWithV1();
    world.hands.resolve = () => permanent('sources/ref-not-found');
    const source = { kind: 'git', repository: 'https://git.example/shop', ref: 'nowhere' } as const;
    const asked = accepted(await world.recourse.deploy(deployOf('v2', { source })));
    expect(await settled(world, asked)).toBe('failed');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ failure: { code: 'sources/ref-not-found' } });
  });

  test('when the first of all fails, nothing is routed anywhere', async () => {
    const world = await openWorld();
    world.work();
    world.hands.point = (_environment, { upstream }) => (upstream ? transient('router/unreachable') : undefined);
    const asked = accepted(await world.recourse.deploy(deployOf('v1')));
    expect(await settled(world, asked)).toBe('failed');
    await atRest(world, 0);
    expect(world.routes.get(shop)?.upstream ?? null).toBeNull();
  });
});

describe('what passes is tried again', () => {
  test('an engine that is away for a moment at every step costs time, not the deployment', async () => {
    const world = await openWorld();
    world.work();
    const failedOnce = new Set<string>();
    const once = (step: string) => {
      if (failedOnce.has(step)) return undefined;
      failedOnce.add(step);
      return transient('engine/away');
    };
    world.hands.resolve = () => once('resolve');
    world.hands.build = () => once('build');
    world.hands.start = () => once('start');
    world.hands.point = () => once('point');
    world.hands.stop = () => once('stop');
    const source = { kind: 'git', repository: 'https://git.example/shop', ref: 'main' } as const;
    expect(await settled(world, await world.recourse.deploy(deployOf('v1', { source })))).toBe('live');
    await atRest(world);
    expect(await settled(world, await world.recourse.deploy(deployOf('v2')))).toBe('live');
    await atRest(world);
    expect([...failedOnce].sort()).toEqual(['build', 'point', 'resolve', 'start', 'stop']);
  });

  test('an adapter that throws is an engine out of order, not the end of the worker', async () => {
    const world = await openWorld();
    world.work();
    let thrown = 0;
    world.hands.build = () => {
      if (++thrown === 1) throw new Error('adapter defect');
      return TE.right(undefined);
    };
    expect(await settled(world, await world.recourse.deploy(deployOf('v1')))).toBe('live');
  });

  test('an old instance that cannot be stopped does not keep the slot for ever', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1');
    let refusing = true;
    world.hands.stop = () => (refusing ? transient('runtime/unreachable') : undefined);
    expect(await settled(world, await world.recourse.deploy(deployOf('v2')))).toBe('live');
    expect(await settled(world, await world.recourse.deploy(deployOf('v3')))).toBe('live');
    refusing = false;
    await atRest(world);
    expect(serving(world)).toBe('v3');
  });

  test('an old instance that was stopped, while nobody ever heard of it, is retired all the same', async () => {
    const world = await openWorld();
    world.work();
    const [v1] = await live(world, 'v1');
    if (v1 === undefined) throw new Error('nothing is live');
    world.hands.stop = (key) => {
      world.running.delete(key);
      return transient('runtime/unreachable');
    };
    expect(await settled(world, await world.recourse.deploy(deployOf('v2')))).toBe('live');
    await eventually(
      () => entryOf(world, v1),
      ({ status }) => status === 'retired',
    );
  });
});

test('no secret gets into an event, also when an engine repeats it', async () => {
  const world = await openWorld();
  world.work();
  world.hands.start = ({ variables }) =>
    TE.left({ kind: 'permanent', code: 'runtime/start-failed', message: `cannot run with ${variables['TOKEN']}` });
  const secrets = { TOKEN: { reference: 'vault', fingerprint: 'f' } };
  const asked = accepted(await world.recourse.deploy(deployOf('v1', { config: { secrets } })));
  expect(await settled(world, asked)).toBe('failed');
  const { events } = await orFault(world.options.store.readAll({ after: null, limit: 1000 }));
  expect(JSON.stringify(events)).not.toContain('value-of-vault');
  expect((await entryOf(world, asked.deployment)).failure?.message).toContain('[redacted]');
});
