import {
  type CancelSignal,
  DeploymentId,
  deploymentStream,
  type EventStore,
  environmentStream,
  type Position,
} from '@recourse/core';
import { createRecourse, orFault, type Watched, type WatchOptions } from '@recourse/engine';
import { eventually } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { createActivity } from '../src/activity.ts';
import { cancellation } from '../src/cancellation.ts';
import { watch } from '../src/watch.ts';
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
    const paused = { type: 'Paused', schemaVersion: 1 };
    const metadata = { recordedAt: options.clock.now(), actor: 'ada', correlationId: 'c', causationId: 'c' };
    const stream = 'deployment-d-9';
    for (const [id, data] of [
      ['e-1', null],
      ['e-2', 'text'],
    ] as const)
      await orFault(options.store.append({ stream, expected: 'any', events: [{ id, ...paused, data, metadata }] }));
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

/** Somebody who watches without hurry, and whatever is left behind when they have gone. */
const watching = async (options: WatchOptions = {}) => {
  const world = await openWorld();
  const activity = createActivity();
  const subscriptions: CancelSignal[] = [];
  const store: EventStore = {
    ...world.options.store,
    subscribe: (request, handle) => {
      subscriptions.push(request.signal);
      return world.options.store.subscribe(request, handle);
    },
  };
  const told = watch({ ...world.options, store }, activity, options);
  const say = (text: string, deployment = d1) => activity.report({ deployment, text });
  return { ...world, activity, told, say, subscriptions };
};
/** Nobody hears before they ask for the first time. */
const heard = (subscriptions: readonly unknown[]) =>
  eventually(
    async () => subscriptions.length,
    (count) => count > 0,
  );
const d1 = DeploymentId.parse('d-1');
const textOf = ({ value }: IteratorResult<Watched, void>) => (value?.type === 'progress' ? value.text : value?.type);

describe('whoever does not keep up', () => {
  test('misses lines of progress beyond a thousand, and never an event', async () => {
    const { told, say, subscriptions, recourse } = await watching();
    const first = told.next();
    await heard(subscriptions);
    say('the first');
    expect(textOf(await first)).toBe('the first');
    for (let line = 1; line <= 1_200; line++) say(`line ${line}`);
    accepted(await recourse.deploy(deployOf('v1')));
    const texts: unknown[] = [];
    for (;;) {
      const next = await told.next();
      texts.push(textOf(next));
      if (next.value?.type === 'event' && next.value.event.type === 'SlotRequested') break;
    }
    expect(texts).toEqual([...Array.from({ length: 1_000 }, (_, line) => `line ${line + 1}`), 'event', 'event']);
    await told.return();
  });
});

describe('whoever stops watching', () => {
  test('leaves nothing behind: no subscription, no ear, no hand on the signal that they gave', async () => {
    const hands = new Set<unknown>();
    const signal: CancelSignal = {
      aborted: false,
      addEventListener: (_type, listener) => void hands.add(listener),
      removeEventListener: (_type, listener) => void hands.delete(listener),
    };
    const { told, say, subscriptions, activity } = await watching({ signal });
    let ears = 0;
    const { listen } = activity;
    Object.assign(activity, {
      listen: (listener: Parameters<typeof listen>[0]) => {
        ears++;
        const deaf = listen(listener);
        return () => {
          ears--;
          deaf();
        };
      },
    });
    const first = told.next();
    await heard(subscriptions);
    expect([ears, hands.size]).toEqual([1, 1]);
    say('something');
    await first;
    await told.return();
    expect([ears, hands.size]).toEqual([0, 0]);
    expect(subscriptions.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('by a signal hears first what is there already', async () => {
    const ending = cancellation();
    const { told, say, subscriptions } = await watching({ signal: ending.signal });
    const first = told.next();
    await heard(subscriptions);
    for (const text of ['one', 'two', 'three']) say(text);
    ending.cancel();
    expect(textOf(await first)).toBe('one');
    expect([textOf(await told.next()), textOf(await told.next())]).toEqual(['two', 'three']);
    expect(await told.next()).toEqual({ done: true, value: undefined });
  });
});

describe('lines of progress', () => {
  const said = async (options: WatchOptions, ...lines: readonly (readonly [string, DeploymentId])[]) => {
    const ending = cancellation();
    const { told, say, subscriptions } = await watching({ ...options, signal: ending.signal });
    const first = told.next();
    await heard(subscriptions);
    for (const [text, deployment] of lines) say(text, deployment);
    ending.cancel();
    const texts: unknown[] = [];
    for (let next = await first; next.done !== true; next = await told.next()) texts.push(textOf(next));
    return texts;
  };
  const d2 = DeploymentId.parse('d-2');
  const both = [
    ['mine', d1],
    ['theirs', d2],
  ] as const;

  test('are told of every deployment, or of the one that is watched', async () => {
    expect(await said({}, ...both)).toEqual(['mine', 'theirs']);
    expect(await said({ deployment: d1 }, ...both)).toEqual(['mine']);
    expect(await said({ deployment: d1, environment: shop }, ...both)).toEqual(['mine']);
  });

  test('of a deployment that was not seen to belong to the environment are not told', async () => {
    expect(await said({ environment: shop }, ...both)).toEqual([]);
  });
});

test('a store that ends the subscription ends the watching', async () => {
  const { options } = await openWorld();
  const store = { ...options.store, subscribe: () => TE.right(undefined) };
  expect(
    await createRecourse({ ...options, store })
      .watch()
      .next(),
  ).toEqual({ done: true, value: undefined });
});
