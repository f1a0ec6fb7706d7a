/** What becomes of a click, before any worker comes to it: what is written, what is refused, who is woken. */
import { createHash } from 'node:crypto';
import { DeploymentId, deploymentStream, environmentStream, type StreamId, type WakeUp } from '@recourse/core';
import { createRecourse, orFault, type RollbackInput } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { accepted, deployOf, live, refused, shop } from './support/orders.ts';
import { openWorld } from './support/world.ts';

/** A platform without a worker, in which these versions were live one after another. */
const opened = async (...versions: readonly string[]) => {
  const world = await openWorld();
  const worker = world.work();
  const releases = versions.length === 0 ? [] : await live(world, ...versions);
  await worker.stop();
  const woken: DeploymentId[] = [];
  const queue = {
    ...world.options.queue,
    enqueue: ({ deploymentId }: WakeUp) => TE.fromIO(() => void woken.push(deploymentId)),
  };
  const eventsOf = async (stream: StreamId) => (await orFault(world.options.store.read({ stream }))).events;
  return { ...world, releases, recourse: createRecourse({ ...world.options, queue }), woken, eventsOf };
};

describe('what was asked for', () => {
  test.each([
    ['the click that it came from', 'click-1'],
    ['itself, if nobody says more', undefined],
  ])('is written with who asked, and with %s', async (_, commandId) => {
    const { recourse, eventsOf, woken } = await opened();
    const order = deployOf('v1', { reason: 'a new shop', ...(commandId === undefined ? {} : { commandId }) });
    const { deployment } = accepted(await recourse.deploy(order));
    const [asked] = await eventsOf(deploymentStream(deployment));
    const [inLine] = await eventsOf(environmentStream(shop));
    const metadata = { actor: 'ada', correlationId: deployment, causationId: commandId ?? deployment };
    expect(asked).toMatchObject({ data: { actor: 'ada', reason: 'a new shop', trigger: 'api' }, metadata });
    expect(inLine).toMatchObject({ data: { deployment, kind: 'deploy', automatic: false }, metadata });
    expect(woken).toEqual([deployment]);
  });

  test('by a machine stands in line as that', async () => {
    const { recourse, eventsOf } = await opened();
    accepted(await recourse.deploy(deployOf('v1', { trigger: 'push' })));
    expect((await eventsOf(environmentStream(shop)))[0]?.data).toMatchObject({ automatic: true });
  });

  test('is another deployment in another environment, also with the same command id', async () => {
    const { recourse } = await opened();
    const order = deployOf('v1', { commandId: 'delivery-7' });
    const first = accepted(await recourse.deploy(order));
    expect(accepted(await recourse.deploy({ ...order, environment: 'blog' }))).not.toEqual(first);
  });

  test('and is asked for once more after an upgrade is still the same deployment', async () => {
    const { recourse } = await opened();
    const { deployment } = accepted(await recourse.deploy(deployOf('v1', { commandId: 'delivery-7' })));
    const parts = '["deployment","shop","delivery-7"]';
    expect(deployment).toBe(createHash('sha256').update(parts).digest('hex').slice(0, 40));
  });

  test('wakes a worker each time that it is asked for', async () => {
    const { recourse, woken } = await opened();
    const order = deployOf('v1', { commandId: 'delivery-7' });
    const { deployment } = accepted(await recourse.deploy(order));
    accepted(await recourse.deploy(order));
    expect(woken).toEqual([deployment, deployment]);
  });

  test('and was cancelled does not stand in line again, however long ago that was', async () => {
    const { recourse, options, eventsOf } = await opened();
    const journal = createJournal(options);
    const cause = { actor: 'ada', correlationId: 'c', causationId: 'c' };
    const had = async (deployment: DeploymentId) => {
      const line = { type: 'StandInLine', deployment, kind: 'deploy', automatic: false } as const;
      await journal.decideEnvironment(shop, line, cause);
      await journal.decideEnvironment(shop, { type: 'Release', deployment }, cause);
    };
    const order = deployOf('v1', { commandId: 'delivery-7' });
    const { deployment } = accepted(await recourse.deploy(order));
    accepted(await recourse.cancel({ deployment, actor: 'ada' }));
    await had(deployment);
    for (let later = 0; later < 100; later++) await had(DeploymentId.parse(`d-${later}`));
    const before = (await eventsOf(environmentStream(shop))).length;
    expect(accepted(await recourse.deploy(order))).toEqual({ deployment });
    expect(await eventsOf(environmentStream(shop))).toHaveLength(before);
  });
});

describe('a rollback that is asked for once more', () => {
  const click = { environment: shop, actor: 'ada', commandId: 'click-1' };

  test.each<[string, object]>([
    ['without naming its target', {}],
    ['by somebody else, for another reason', { actor: 'bob', reason: 'I saw it too' }],
  ])('%s is the same one, and wakes a worker again', async (_, over) => {
    const { recourse, woken, eventsOf } = await opened('v1', 'v2');
    const { deployment } = accepted(await recourse.rollback(click));
    const before = (await eventsOf(environmentStream(shop))).length;
    expect(accepted(await recourse.rollback({ ...click, ...over }))).toEqual({ deployment });
    expect(woken).toEqual([deployment, deployment]);
    expect(await eventsOf(deploymentStream(deployment))).toHaveLength(1);
    expect(await eventsOf(environmentStream(shop))).toHaveLength(before);
  });

  test('naming the target that it has by now is the same one', async () => {
    const { recourse, releases } = await opened('v1', 'v2');
    const asked = accepted(await recourse.rollback(click));
    expect(accepted(await recourse.rollback({ ...click, target: releases[0] ?? '' }))).toEqual(asked);
  });

  test.each<[string, (releases: readonly DeploymentId[]) => Partial<RollbackInput>]>([
    ['another target', ([first]) => ({ target: first ?? '' })],
    ['the configuration of now', () => ({ config: 'now' })],
    ['any commit of its branch', () => ({ acceptMovedRef: true })],
  ])('with %s is refused', async (_, over) => {
    const { recourse, releases, eventsOf } = await opened('v1', 'v2', 'v3');
    const { deployment } = accepted(await recourse.rollback(click));
    const again = { ...click, ...over(releases) } as RollbackInput;
    expect(refused(await recourse.rollback(again))).toEqual({ code: 'CommandReused', deployment });
    expect(await eventsOf(deploymentStream(deployment))).toHaveLength(1);
  });

  test('while the first copy is being written gets the answer of that one', async () => {
    const { recourse, options } = await opened('v1', 'v2');
    const first: unknown[] = [];
    const images = {
      ...options.images,
      probe:
        (...asked: Parameters<typeof options.images.probe>) =>
        async () => {
          first.push(accepted(await recourse.rollback(click)));
          return options.images.probe(...asked)();
        },
    };
    const second = accepted(await createRecourse({ ...options, images }).rollback(click));
    expect(first).toEqual([second]);
  });

  test('after a deploy of the same command id is refused', async () => {
    const { recourse } = await opened('v1', 'v2');
    const { deployment } = accepted(await recourse.deploy(deployOf('v3', { commandId: click.commandId })));
    expect(refused(await recourse.rollback(click))).toEqual({ code: 'CommandReused', deployment });
  });
});

describe('a rollback', () => {
  test('is written with its target, who asked and why', async () => {
    const { recourse, releases, eventsOf } = await opened('v1', 'v2');
    const asked = { environment: shop, config: 'now', acceptMovedRef: true, actor: 'ada', reason: 'checkout' } as const;
    const { deployment } = accepted(await recourse.rollback(asked));
    const [written] = await eventsOf(deploymentStream(deployment));
    expect(written).toMatchObject({
      type: 'RollbackRequested',
      data: {
        environment: shop,
        target: { deployment: releases[0] },
        configMode: 'now',
        config: { variables: { VERSION: 'v2' } },
        acceptMovedRef: true,
        actor: 'ada',
        reason: 'checkout',
      },
    });
    const inLine = (await eventsOf(environmentStream(shop))).at(-1);
    expect(inLine?.data).toMatchObject({ deployment, kind: 'rollback', automatic: false });
  });

  test('as it was planned is refused with what was live then and is live now', async () => {
    const { releases, ...world } = await opened('v1', 'v2');
    const plan = accepted(await world.recourse.planRollback({ environment: shop }));
    const worker = world.work();
    const [third] = await live(world, 'v3');
    await worker.stop();
    expect(refused(await world.recourse.rollback({ plan, actor: 'ada' }))).toEqual({
      code: 'StalePlan',
      planned: releases[1],
      live: third,
    });
  });

  test('is refused while one to the same release stands in line, under whichever name', async () => {
    const { releases, ...world } = await opened('v1', 'v2');
    const worker = world.work();
    const back = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    await world.recourse.settled(back.deployment);
    await live(world, 'v3');
    await worker.stop();

    const first = accepted(await world.recourse.rollback({ environment: shop, target: back.deployment, actor: 'ada' }));
    const same = await world.recourse.rollback({ environment: shop, target: releases[0] ?? '', actor: 'bob' });
    expect(refused(same)).toEqual({ code: 'EnvironmentBusy', environment: shop, with: first.deployment });
    accepted(await world.recourse.rollback({ environment: shop, target: releases[1] ?? '', actor: 'bob' }));
  });

  test('is not kept from anything by a deploy, nor by a rollback that was cancelled', async () => {
    const { recourse } = await opened('v1', 'v2');
    accepted(await recourse.deploy(deployOf('v3')));
    const { deployment } = accepted(await recourse.rollback({ environment: shop, actor: 'ada' }));
    accepted(await recourse.cancel({ deployment, actor: 'ada' }));
    accepted(await recourse.rollback({ environment: shop, actor: 'ada' }));
  });
});
