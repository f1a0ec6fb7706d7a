import { deploymentStream, environmentStream, type Position } from '@recourse/core';
import { createRecourse, orFault, type Watched, type WatchOptions } from '@recourse/engine';
import { describe, expect, test } from 'vitest';
import { accepted, deployOf, settled, shop } from './support/orders.ts';
import { openWorld, transient, type World } from './support/world.ts';

/** What is told until this deployment is live. */
const toldUntilLive = async (world: World, deployment: string, options: WatchOptions): Promise<Watched[]> => {
  const told: Watched[] = [];
  for await (const watched of world.recourse.watch(options)) {
    told.push(watched);
    const { type } = watched;
    if (type === 'event' && watched.event.type === 'Promoted' && watched.stored.stream === `deployment-${deployment}`)
      return told;
  }
  throw new Error('it ended before');
};
const streamsOf = (told: readonly Watched[]) =>
  new Set(told.flatMap((one) => ('stored' in one ? one.stored.stream : [])));
const textsOf = (told: readonly Watched[]) => told.flatMap((one) => (one.type === 'progress' ? one.text : []));

/** Two deploys, of this environment and of another one, not yet worked on. */
const twoAsked = async () => {
  const world = await openWorld();
  const other = accepted(await world.recourse.deploy(deployOf('v2', { environment: 'blog' })));
  const mine = accepted(await world.recourse.deploy(deployOf('v1')));
  return { world, other, mine };
};
/** Another one is live first, so that all that could be told of it was there to tell. */
const work = async ({ world, other }: Awaited<ReturnType<typeof twoAsked>>) => {
  world.work();
  await settled(world, other);
};

describe('whoever watches', () => {
  test('one deployment hears of nothing else', async () => {
    const asked = await twoAsked();
    const { world, mine } = asked;
    const telling = toldUntilLive(world, mine.deployment, { deployment: mine.deployment, after: null });
    await work(asked);
    const told = await telling;
    expect(streamsOf(told)).toEqual(new Set([deploymentStream(mine.deployment)]));
    expect(new Set(told.flatMap((one) => (one.type === 'progress' ? one.deployment : [])))).toEqual(
      new Set([mine.deployment]),
    );
    expect(textsOf(told)).toHaveLength(1);
  });

  test('one environment hears of it and of its deployments, and of nothing else', async () => {
    const asked = await twoAsked();
    const { world, mine } = asked;
    const telling = toldUntilLive(world, mine.deployment, { environment: shop, after: null });
    await work(asked);
    const told = await telling;
    expect(streamsOf(told)).toEqual(new Set([deploymentStream(mine.deployment), environmentStream(shop)]));
    expect(textsOf(told)).toHaveLength(1);
  });

  test('one environment hears of a deployment that was requested before, too', async () => {
    const asked = await twoAsked();
    const { world, mine } = asked;
    const { events } = await orFault(world.options.store.read({ stream: deploymentStream(mine.deployment) }));
    const after: Position | null = events[0]?.position ?? null;
    const telling = toldUntilLive(world, mine.deployment, { environment: shop, after });
    await work(asked);
    const told = await telling;
    expect(streamsOf(told)).toEqual(new Set([environmentStream(shop), deploymentStream(mine.deployment)]));
  });

  test('everything hears of all of it', async () => {
    const asked = await twoAsked();
    const { world, mine, other } = asked;
    const telling = toldUntilLive(world, mine.deployment, { after: null });
    await work(asked);
    const streams = streamsOf(await telling);
    expect(streams).toContain(deploymentStream(other.deployment));
    expect(streams).toContain(environmentStream(shop));
  });

  test('from now on does not hear what was before', async () => {
    const { world, mine } = await twoAsked();
    const watching = world.recourse.watch();
    const first = watching.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    world.work();
    const { value } = await first;
    expect(value).not.toMatchObject({ event: { type: 'DeploymentRequested' } });
    await settled(world, mine);
    await watching.return();
  });

  test('hears of an event that this version cannot read, and then of the next', async () => {
    const { options, recourse } = await openWorld();
    const paused = { type: 'Paused', schemaVersion: 1, data: null };
    const metadata = { recordedAt: options.clock.now(), actor: 'ada', correlationId: 'c', causationId: 'c' };
    const stream = 'deployment-d-9';
    for (const id of ['e-1', 'e-2'])
      await orFault(options.store.append({ stream, expected: 'any', events: [{ id, ...paused, metadata }] }));
    const watching = recourse.watch({ after: null });
    const problem = 'Event 0 of stream deployment-d-9 is of the unknown type "Paused". Upgrade the reader.';
    expect((await watching.next()).value).toMatchObject({ type: 'unreadable', problem, stored: { stream } });
    expect((await watching.next()).value).toMatchObject({ type: 'unreadable', stored: { version: 1 } });
    await watching.return();
    const mine = recourse.watch({ environment: shop, after: null });
    accepted(await recourse.deploy(deployOf('v1')));
    expect((await mine.next()).value).toMatchObject({ event: { type: 'DeploymentRequested' } });
    await mine.return();
  });

  test('a store that fails hears of that', async () => {
    const { options } = await openWorld();
    const store = { ...options.store, subscribe: () => transient('store/unavailable') };
    const watching = createRecourse({ ...options, store }).watch();
    await expect(watching.next()).rejects.toMatchObject({ name: 'Fault', code: 'store/unavailable' });
  });

  test('with a signal that was set off before hears what is there, and no more', async () => {
    const { recourse } = await openWorld();
    const signal = AbortSignal.abort();
    expect(await recourse.watch({ signal }).next()).toEqual({ done: true, value: undefined });
  });
});
