/** What could be gone back to, and what that would be: which releases are offered, in which order, at what price. */
import type { DeploymentId } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { accepted, atRest, deployOf, live, settled, shop } from './support/orders.ts';
import { openWorld, type World } from './support/world.ts';

const after = async (...versions: readonly string[]) => {
  const world = await openWorld();
  world.work();
  return { world, releases: versions.length === 0 ? [] : await live(world, ...versions) };
};
const rollBack = async (world: World, target?: DeploymentId): Promise<DeploymentId> => {
  const order = { environment: shop, actor: 'ada', ...(target === undefined ? {} : { target }) };
  const asked = accepted(await world.recourse.rollback(order));
  expect(await settled(world, asked)).toBe('live');
  await atRest(world);
  return asked.deployment;
};
const offered = async ({ recourse }: World) => accepted(await recourse.rollbackOptions(shop));

describe('the releases that could be gone back to', () => {
  test('are those that were live before, the newest first, and not the one live now', async () => {
    const { world, releases } = await after('v1', 'v2', 'v3');
    const [first, second] = releases;
    expect((await offered(world)).map(({ target }) => target.deployment)).toEqual([second, first]);
  });

  test('are each there once, however often they were live', async () => {
    const { world, releases } = await after('v1', 'v2');
    const [first, second] = releases;
    const again = await rollBack(world);
    expect((await offered(world)).map(({ target }) => target.deployment)).toEqual([second]);
    const forth = await rollBack(world);
    expect((await offered(world)).map(({ target }) => target.deployment)).toEqual([again]);
    await live(world, 'v3');
    expect((await offered(world)).map(({ target }) => [target.deployment, target.origin])).toEqual([
      [forth, second],
      [again, first],
    ]);
  });

  test('come with what a rollback would do now, with their own configuration', async () => {
    const { world, releases } = await after('v1', 'v2', 'v3');
    const [first] = [...world.here.keys()];
    if (first !== undefined) world.here.delete(first);
    const plans = (await offered(world)).map(({ plan }) => accepted(plan));
    expect(plans.map(({ decision }) => decision.type)).toEqual(['Reuse', 'Rebuild']);
    expect(plans.map(({ configMode, acceptMovedRef }) => [configMode, acceptMovedRef])).toEqual([
      ['then', false],
      ['then', false],
    ]);
    expect(plans[0]).toEqual(accepted(await world.recourse.planRollback({ environment: shop })));
    expect(plans[1]?.live).toBe(releases[2]);
  });

  test('come with why there is no way back, if there is none', async () => {
    const { world } = await after();
    const source = { kind: 'image', reference: 'registry.example/shop:1' } as const;
    const workload = { build: { preset: 'image' }, run: deployOf('v1').workload.run } as const;
    expect(await settled(world, await world.recourse.deploy(deployOf('v1', { source, workload })))).toBe('live');
    await live(world, 'v2');
    world.here.clear();
    const [option] = await offered(world);
    expect(option?.plan).toEqual(E.left({ code: 'NoWayBack', target: option?.target.deployment, reason: 'no-source' }));
  });

  test('are none where nothing was live', async () => {
    const { world } = await after();
    expect(await offered(world)).toEqual([]);
  });
});

describe('the time that a rollback would take', () => {
  test('is known from the deployment that made the release, also when the last one only brought it back', async () => {
    const { world } = await after('v1', 'v2');
    await rollBack(world);
    await live(world, 'v3');
    world.here.clear();
    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    expect(plan.decision.type).toBe('Rebuild');
    expect(plan.estimateMs).toEqual(expect.any(Number));
  });
});

test('the image of a release that cannot run by itself is not looked for', async () => {
  const { world } = await after();
  const build = { preset: 'static', directory: 'public', runnable: false } as const;
  const { run } = deployOf('v1').workload;
  expect(await settled(world, await world.recourse.deploy(deployOf('v1', { workload: { build, run } })))).toBe('live');
  await live(world, 'v2');
  world.log.length = 0;
  const plan = accepted(await world.recourse.planRollback({ environment: shop }));
  expect(plan.decision).toMatchObject({ type: 'Rebuild', reason: 'not-runnable' });
  expect(world.log).toEqual([]);
});
