/** The read side: what is live where, which deployments are open, and since when nobody was heard of. */
import {
  type DeploymentId,
  environmentStream,
  Instant,
  type Snapshot,
  type Snapshots,
  type StoredEvent,
} from '@recourse/core';
import { orFault } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { createOverview } from '../src/projection/overview.ts';
import { emptyPlatform, take } from '../src/projection/platform.ts';
import { accepted, deployOf, shop } from './support/orders.ts';
import { openWorld, transient } from './support/world.ts';

const opened = async () => {
  const world = await openWorld();
  let now = 1_000;
  const clock = { now: () => Instant.parse(now), sleep: async () => undefined };
  const ports = { ...world.options, clock };
  const journal = createJournal(ports);
  const cause = { actor: 'ada', correlationId: 'c', causationId: 'c' };
  return {
    ports,
    follower: (snapshots: Partial<Snapshots> = {}) =>
      createOverview({ ...ports, snapshots: { ...ports.snapshots, ...snapshots } }),
    pass: (ms: number) => {
      now += ms;
    },
    ask: async (version: string, environment: string = shop): Promise<DeploymentId> =>
      accepted(await world.recourse.deploy(deployOf(version, { environment }))).deployment,
    release: (deployment: DeploymentId) => journal.decideEnvironment(shop, { type: 'Release', deployment }, cause),
    standInLine: (deployment: DeploymentId) =>
      orFault(
        ports.store.append({
          stream: environmentStream(shop),
          expected: 'any',
          events: [
            {
              id: 'slept',
              type: 'SlotRequested',
              schemaVersion: 1,
              data: { deployment, kind: 'deploy', automatic: false },
              metadata: { recordedAt: clock.now(), ...cause },
            },
          ],
        }),
      ),
    cancel: (deployment: DeploymentId) =>
      journal.decideDeployment(deployment, { type: 'Cancel', actor: 'ada', reason: null }, cause),
  };
};

describe('a deployment that is open', () => {
  test('when a sweeper starts may have been left by a crash, and is quiet at once', async () => {
    const { ask, follower } = await opened();
    const first = await ask('v1');
    const overview = follower();
    await overview.follow();
    expect(overview.quiet(100)).toEqual([first]);
    expect(overview.environments()).toEqual([{ environment: shop, live: null, open: [first] }]);
  });

  test('is quiet when nothing was heard of it for a time', async () => {
    const { ask, follower, pass, cancel } = await opened();
    const overview = follower();
    await overview.follow();
    const first = await ask('v1');
    await overview.follow();
    expect(overview.quiet(100)).toEqual([]);
    pass(99);
    expect(overview.quiet(100)).toEqual([]);
    pass(1);
    expect(overview.quiet(100)).toEqual([first]);
    await cancel(first);
    await overview.follow();
    expect(overview.quiet(100)).toEqual([]);
  });

  test('is no longer when it gave back its place, or was found to be done', async () => {
    const { ask, follower, release } = await opened();
    const overview = follower();
    const first = await ask('v1');
    const second = await ask('v2', 'blog');
    await overview.follow();
    expect(overview.quiet(0)).toEqual([first, second]);
    expect(overview.environments()).toEqual([
      { environment: shop, live: null, open: [first] },
      { environment: 'blog', live: null, open: [second] },
    ]);
    await release(first);
    overview.close(second);
    await overview.follow();
    expect(overview.quiet(0)).toEqual([]);
    expect(overview.environments().map(({ open }) => open)).toEqual([[], []]);
  });

  test('is open again when it stands in line anew, as a worker that slept may have it', async () => {
    const { ask, follower, release, standInLine } = await opened();
    const overview = follower();
    const first = await ask('v1');
    await release(first);
    await overview.follow();
    expect(overview.quiet(0)).toEqual([]);
    await standInLine(first);
    await overview.follow();
    expect(overview.quiet(0)).toEqual([first]);
    expect(overview.environments()).toEqual([{ environment: shop, live: null, open: [first] }]);
  });

  test('is a rollback as well as a deploy, also before it stands in line', () => {
    const platform = emptyPlatform();
    const event = (type: string, n: number) =>
      ({ stream: `deployment-d-${n}`, type, data: { environment: shop } }) as unknown as StoredEvent;
    take(platform, event('DeploymentRequested', 1), 5);
    take(platform, event('RollbackRequested', 2), 6);
    expect([...platform.open]).toEqual([
      ['d-1', { environment: shop, heardAt: 5, wentLive: false }],
      ['d-2', { environment: shop, heardAt: 6, wentLive: false }],
    ]);
  });

  test('is not opened again by what is heard of it after its end', async () => {
    const { ask, follower, release, cancel } = await opened();
    const overview = follower();
    const first = await ask('v1');
    await release(first);
    await overview.follow();
    await cancel(first);
    await overview.follow();
    expect(overview.quiet(0)).toEqual([]);
  });

  test('is remembered by the next sweeper, which reads on from there', async () => {
    const { ask, follower, ports } = await opened();
    const first = await ask('v1');
    await follower().rebuild();
    const afters: unknown[] = [];
    const { readAll } = ports.store;
    const store = {
      ...ports.store,
      readAll: (page: Parameters<typeof readAll>[0]) => {
        afters.push(page.after);
        return readAll(page);
      },
    };
    const next = createOverview({ ...ports, store });
    await next.follow();
    expect([next.quiet(100), next.environments()]).toEqual([
      [first],
      [{ environment: shop, live: null, open: [first] }],
    ]);
    expect(afters).toEqual([await orFault(ports.store.head())]);
  });

  test.each<[string, Snapshots['load']]>([
    ['cannot be loaded', () => transient('store/unavailable')],
    [
      'is of another schema',
      () =>
        TE.right({
          version: 1,
          schema: 2,
          state: { position: null, open: [['d-9', 'shop', false]], environments: [] },
        }),
    ],
    ['is not what it says', () => TE.right({ version: 1, schema: 1, state: { position: 7 } })],
    ['is nothing', () => TE.right({ version: 1, schema: 1, state: null })],
    ['is a text', () => TE.right({ version: 1, schema: 1, state: 'position' })],
    [
      'has no platform in it',
      () => TE.right({ version: 1, schema: 1, state: { position: null, environments: [['shop', {}]], open: [] } }),
    ],
    [
      'has no position that could be read on from',
      () => TE.right({ version: 1, schema: 1, state: { position: 7, environments: [], open: [] } }),
    ],
  ])('is found from the beginning if what was remembered %s', async (_, load) => {
    const { ask, follower } = await opened();
    const first = await ask('v1');
    const overview = follower({ load });
    await overview.follow();
    expect(overview.quiet(100)).toEqual([first]);
  });
});

describe('a long store', () => {
  const event = (n: number) =>
    ({
      stream: `deployment-d-${n}`,
      type: 'DeploymentRequested',
      data: { environment: shop },
      position: `${n}`,
    }) as unknown as StoredEvent;

  /** A store with as many events as `all` has by then. */
  const long = async (all: readonly StoredEvent[]) => {
    const { ports } = await opened();
    const asked: unknown[] = [];
    const saved: Snapshot[] = [];
    const keys = new Set<string>();
    const store = {
      ...ports.store,
      readAll: ({ after, limit }: { after: string | null; limit: number }) => {
        asked.push(after);
        const events = all.slice(after === null ? 0 : Number(after) + 1).slice(0, limit);
        return TE.right({ events, next: events.at(-1)?.position ?? after });
      },
    };
    const snapshots = {
      ...ports.snapshots,
      save: (key: string, snapshot: Snapshot) =>
        TE.fromIO(() => {
          keys.add(key);
          saved.push(snapshot);
        }),
    };
    return { overview: createOverview({ ...ports, store, snapshots }), asked, saved, keys };
  };

  test('is followed page by page', async () => {
    const { overview, asked } = await long(Array.from({ length: 1_000 }, (_, n) => event(n)));
    await overview.follow();
    expect(overview.quiet(0)).toHaveLength(1_000);
    expect(asked).toEqual([null, '499', '999']);
  });

  test('is followed by one reader at a time', async () => {
    const { overview, asked } = await long(Array.from({ length: 700 }, (_, n) => event(n)));
    await Promise.all([overview.follow(), overview.follow()]);
    expect(asked).toEqual([null, '499', '699']);
  });

  test('has a checkpoint every hundred events, each a newer one', async () => {
    const all = Array.from({ length: 99 }, (_, n) => event(n));
    const { overview, saved } = await long(all);
    await overview.follow();
    expect(saved).toEqual([]);
    for (let n = 99; n < 250; n += 1) {
      all.push(event(n));
      await overview.follow();
    }
    expect(
      saved.map(({ version, schema, state }) => [version, schema, Reflect.get(Object(state), 'position')]),
    ).toEqual([
      [0, 1, '99'],
      [1, 1, '199'],
    ]);
  });

  test('of many environments has a checkpoint less often: it costs as much as there are', async () => {
    const all = Array.from(
      { length: 50 },
      (_, n) => ({ ...event(n), stream: `environment-e-${n}`, data: {}, type: 'AutoDeployResumed' }) as StoredEvent,
    );
    const { overview, saved } = await long(all);
    for (let n = 50; n < 149; n += 1) all.push(event(n));
    await overview.follow();
    expect(saved).toEqual([]);
    all.push(event(149));
    await overview.follow();
    expect(saved).toHaveLength(1);
  });

  test('is read on from, and not from an old checkpoint, once it was begun', async () => {
    const { ports, ask, follower } = await opened();
    const first = await ask('v1');
    let loads = 0;
    const overview = follower({
      load: (key) => {
        loads++;
        return ports.snapshots.load(key);
      },
    });
    await overview.follow();
    await overview.follow();
    expect(loads).toBe(1);
    const anew = follower({
      load: () => {
        loads++;
        return TE.right(null);
      },
    });
    await anew.rebuild();
    await anew.follow();
    expect(loads).toBe(1);
    expect(anew.quiet(0)).toEqual([first]);
  });

  test('is read from its beginning when that is asked for, and remembered', async () => {
    const { overview, asked, saved, keys } = await long([event(0)]);
    await overview.follow();
    await overview.rebuild();
    expect(asked).toEqual([null, null]);
    expect(saved).toHaveLength(1);
    expect([...keys]).toEqual(['overview']);
    expect(overview.environments()).toEqual([]);
    expect(overview.quiet(0)).toEqual(['d-0']);
  });

  test('that cannot be read is read again by the next who asks', async () => {
    const { ports } = await opened();
    let away = true;
    const readAll: typeof ports.store.readAll = (page) =>
      away ? transient('store/unavailable') : ports.store.readAll(page);
    const overview = createOverview({ ...ports, store: { ...ports.store, readAll } });
    await expect(overview.follow()).rejects.toMatchObject({ code: 'store/unavailable' });
    away = false;
    await overview.follow();
    expect(overview.environments()).toEqual([]);
  });
});

describe('an environment', () => {
  test('shows what is live, since when, and what is open beside it', async () => {
    const world = await openWorld();
    const worker = world.work();
    const deploy = async (version: string) => accepted(await world.recourse.deploy(deployOf(version))).deployment;
    const first = await deploy('v1');
    await world.recourse.settled(first);
    await worker.stop();
    const second = await deploy('v2');
    const { entries } = accepted(await world.recourse.history({ environment: shop }));
    const liveSince = entries.flatMap((entry) => ('liveSince' in entry ? [entry.liveSince] : [])).at(-1) ?? 0;
    const [overview, ...others] = await world.recourse.environments();
    expect(others).toEqual([]);
    expect(overview).toMatchObject({ environment: shop, live: { deployment: first }, open: [second] });
    expect(Math.abs((overview?.live?.since ?? 0) - liveSince)).toBeLessThan(1_000);
    await world.recourse.rebuildOverview();
    expect(await world.recourse.environments()).toEqual([overview]);
    const saved = await orFault(world.options.snapshots.load('overview'));
    expect(saved?.state).toMatchObject({ environments: [[shop, overview?.live]] });
    expect(await world.another().environments()).toEqual([overview]);
  });

  test('does not open what went live and was never heard of', () => {
    const platform = emptyPlatform();
    const metadata = { recordedAt: 9 };
    const data = { release: { deployment: 'd-1' } };
    take(platform, { stream: 'environment-shop', type: 'Activated', data, metadata } as unknown as StoredEvent, 5);
    expect([...platform.environments]).toEqual([['shop', { deployment: 'd-1', since: 9 }]]);
    expect([...platform.open]).toEqual([]);
  });

  test('is passed over where an event is of no known shape', () => {
    const platform = emptyPlatform();
    const strange = (stream: string, type: string, data: unknown) =>
      take(platform, { stream, type, data, metadata: { recordedAt: 1 } } as unknown as StoredEvent, 0);
    strange('environment-shop', 'Activated', { release: null });
    strange('environment-shop', 'Activated', 'text');
    strange('environment-shop', 'Activated', { release: { deployment: 7 } });
    strange('environment-shop', 'SlotRequested', { deployment: 7 });
    strange('environment-not a name', 'SlotRequested', { deployment: 'd-1' });
    strange('deployment-d-1', 'DeploymentRequested', {});
    strange('deployment-d-2', 'Built', { environment: 'shop' });
    strange('other-d-1', 'DeploymentRequested', { environment: 'shop' });
    expect(platform).toEqual({ environments: new Map([[shop, null]]), open: new Map() });
  });
});
