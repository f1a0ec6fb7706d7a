import { describe, expect, test } from 'vitest';
import { accepted, atRest, deployOf, entryOf, live, refused, serving, settled, shop } from './support/orders.ts';
import { commitOf, openWorld, permanent, transient } from './support/world.ts';

describe('rolling back', () => {
  test('an image that is still here is reused: nothing is cloned, nothing is built', async () => {
    const world = await openWorld();
    world.work();
    const [first] = await live(world, 'v1', 'v2');
    world.log.length = 0;

    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    expect(plan.decision.type).toBe('Reuse');
    expect(world.log.filter((line) => !line.startsWith('probe'))).toEqual([]);
    const asked = accepted(await world.recourse.rollback({ plan, actor: 'ada', reason: 'checkout is down' }));

    expect(await settled(world, asked)).toBe('live');
    await atRest(world);
    expect(serving(world)).toBe('v1');
    expect(world.log.filter((line) => line.startsWith('build') || line.startsWith('tree'))).toEqual([]);
    expect(await entryOf(world, asked.deployment)).toMatchObject({
      kind: 'rollback',
      status: 'live',
      way: 'reuse',
      rollbackOf: first,
      actor: 'ada',
      reason: 'checkout is down',
    });
  });

  test('a pruned image is rebuilt from the commit that was live', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    world.here.clear();

    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    expect(plan.decision).toMatchObject({ type: 'Rebuild', commit: commitOf('v1'), reason: 'pruned' });
    const asked = accepted(await world.recourse.rollback({ plan, actor: 'ada' }));

    expect(await settled(world, asked)).toBe('live');
    expect(serving(world)).toBe('v1');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ way: 'rebuild', commit: commitOf('v1') });
  });

  test('an image that only the registry has is pulled', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    for (const digest of world.here.keys()) world.registry.add(digest);
    world.here.clear();

    const asked = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, asked)).toBe('live');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ way: 'pull' });
    expect(serving(world)).toBe('v1');
  });

  test('an image that goes away between the probe and the start is rebuilt', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    let pruned = false;
    world.hands.start = () => {
      if (!pruned) world.here.clear();
      pruned = true;
      return undefined;
    };

    const asked = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, asked)).toBe('live');
    await atRest(world);
    expect(serving(world)).toBe('v1');
    const told = accepted(await world.recourse.explain(asked.deployment)).join('\n');
    expect(told).toContain('found: present');
    expect(told).toContain('found: absent');
    expect(told).toContain('rebuilt, because the image was gone');
  });

  test('an image that the registry loses before the pull is rebuilt', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    for (const digest of world.here.keys()) world.registry.add(digest);
    world.here.clear();
    world.hands.pull = () => {
      world.registry.clear();
      return undefined;
    };

    const asked = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, asked)).toBe('live');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ way: 'rebuild' });
  });

  test('a tag that means another image now is not the target', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    const [v1] = [...world.here.values()];
    if (v1 === undefined) throw new Error('no image');
    const other = { ...v1, digest: [...world.here.values()][1]?.digest ?? v1.digest };
    world.here.clear();
    world.here.set(other.digest, other);

    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    expect(plan.decision).toMatchObject({ type: 'Rebuild', reason: 'changed' });
  });

  test('a probe that cannot look is neither here nor gone: it is tried again', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    let away = 0;
    world.hands.probe = () => (++away <= 3 ? transient('images/unreachable') : undefined);
    await expect(world.recourse.planRollback({ environment: shop })).rejects.toMatchObject({
      code: 'images/unreachable',
    });

    const asked = world.recourse.rollback({ plan, actor: 'ada' });
    await expect(asked).rejects.toMatchObject({ code: 'images/unreachable' });
    away = 3;
    const again = accepted(await world.recourse.rollback({ plan, actor: 'ada' }));
    away = 1;
    expect(await settled(world, again)).toBe('live');
    expect(await entryOf(world, again.deployment)).toMatchObject({ way: 'reuse' });
  });

  test('a static release whose image cannot run by itself is rebuilt, without a look for the image', async () => {
    const world = await openWorld();
    world.work();
    const build = { preset: 'static', directory: 'public', runnable: false } as const;
    const order = deployOf('v1');
    await settled(world, await world.recourse.deploy({ ...order, workload: { ...order.workload, build } }));
    await live(world, 'v2');
    world.log.length = 0;

    const asked = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, asked)).toBe('live');
    expect(world.log.filter((line) => line.startsWith('probe'))).toEqual([]);
    expect(await entryOf(world, asked.deployment)).toMatchObject({ way: 'rebuild', commit: commitOf('v1') });
  });

  test('a release made from an image that is gone is refused before anything is disturbed', async () => {
    const world = await openWorld();
    world.work();
    const { run } = deployOf('v1').workload;
    const image = { kind: 'image', reference: 'registry.example/shop:1' } as const;
    const order = deployOf('v1', { source: image, workload: { build: { preset: 'image' }, run } });
    expect(await settled(world, await world.recourse.deploy(order))).toBe('live');
    await live(world, 'v2');
    world.here.clear();
    world.log.length = 0;

    expect(refused(await world.recourse.planRollback({ environment: shop }))).toMatchObject({
      code: 'NoWayBack',
      reason: 'no-source',
    });
    expect(refused(await world.recourse.rollback({ environment: shop, actor: 'ada' })).code).toBe('NoWayBack');
    expect(world.log.every((line) => line.startsWith('probe'))).toBe(true);
    expect(serving(world)).toBe('v2');
    expect(accepted(await world.recourse.history({ environment: shop })).entries).toHaveLength(2);
  });

  test('a commit that the remote no longer has fails the rollback, and what is live stays', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    world.here.clear();
    world.hands.tree = () => permanent('sources/commit-gone');

    const asked = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, asked)).toBe('failed');
    await atRest(world);
    expect(serving(world)).toBe('v2');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ failure: { code: 'sources/commit-gone' } });
  });

  test('a rebuild that says it is another commit is never promoted', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    world.here.clear();
    world.hands.builtCommit = () => commitOf('v9');

    const asked = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, asked)).toBe('failed');
    await atRest(world);
    expect(serving(world)).toBe('v2');
    expect(await entryOf(world, asked.deployment)).toMatchObject({ failure: { code: 'CommitMismatch' } });
  });

  test('rolling back a rollback works, and the same release twice is refused', async () => {
    const world = await openWorld();
    world.work();
    const [first, second] = await live(world, 'v1', 'v2');
    const back = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, back)).toBe('live');
    await atRest(world);
    expect(refused(await world.recourse.rollback({ environment: shop, target: first ?? '', actor: 'ada' })).code).toBe(
      'AlreadyLive',
    );

    const forth = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    expect(await settled(world, forth)).toBe('live');
    expect(serving(world)).toBe('v2');
    expect(await entryOf(world, forth.deployment)).toMatchObject({ rollbackOf: second, replaced: back.deployment });
  });

  test('a plan is refused once something else is live', async () => {
    const world = await openWorld();
    world.work();
    await live(world, 'v1', 'v2');
    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    await live(world, 'v3');
    expect(refused(await world.recourse.rollback({ plan, actor: 'ada' })).code).toBe('StalePlan');
  });

  test('targets that were never live, or are not here, are refused', async () => {
    const world = await openWorld();
    world.work();
    expect(refused(await world.recourse.planRollback({ environment: shop })).code).toBe('NothingToRollBackTo');
    await live(world, 'v1');
    world.hands.build = () => permanent('builder/failed');
    const broken = accepted(await world.recourse.deploy(deployOf('v2')));
    expect(await settled(world, broken)).toBe('failed');
    const never = await world.recourse.planRollback({ environment: shop, target: broken.deployment });
    expect(refused(never).code).toBe('TargetNeverLive');
    expect(refused(await world.recourse.planRollback({ environment: shop, target: 'nobody' })).code).toBe(
      'TargetNotFound',
    );
    expect(refused(await world.recourse.planRollback({ environment: 'other', target: broken.deployment })).code).toBe(
      'TargetNotFound',
    );
  });

  test('the configuration of then or of now is an explicit choice, and the plan shows the difference', async () => {
    const world = await openWorld();
    world.work();
    await settled(
      world,
      await world.recourse.deploy(deployOf('v1', { config: { variables: { VERSION: 'v1', OLD: '1' } } })),
    );
    await settled(
      world,
      await world.recourse.deploy(deployOf('v2', { config: { variables: { VERSION: 'v2', NEW: '1' } } })),
    );
    await atRest(world);

    const then = accepted(await world.recourse.planRollback({ environment: shop }));
    expect(then.configDifference).toEqual({ added: ['OLD'], removed: ['NEW'], changed: ['VERSION'] });
    const now = accepted(await world.recourse.planRollback({ environment: shop, config: 'now' }));
    expect(now.configDifference).toEqual({ added: [], removed: [], changed: [] });
    expect(await settled(world, await world.recourse.rollback({ plan: now, actor: 'ada' }))).toBe('live');
    expect(serving(world)).toBe('v2');
  });
});
