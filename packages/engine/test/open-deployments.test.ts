/** What the sweeper follows: which deployments are open, and since when nobody was heard of. */
import { type DeploymentId, Instant, type Snapshots, type StoredEvent } from '@recourse/core';
import { orFault } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { createOpenDeployments } from '../src/sweep/open-deployments.ts';
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
      createOpenDeployments({ ...ports, snapshots: { ...ports.snapshots, ...snapshots } }),
    pass: (ms: number) => {
      now += ms;
    },
    ask: async (version: string, environment: string = shop): Promise<DeploymentId> =>
      accepted(await world.recourse.deploy(deployOf(version, { environment }))).deployment,
    release: (deployment: DeploymentId) => journal.decideEnvironment(shop, { type: 'Release', deployment }, cause),
    cancel: (deployment: DeploymentId) =>
      journal.decideDeployment(deployment, { type: 'Cancel', actor: 'ada', reason: null }, cause),
  };
};

describe('a deployment that is open', () => {
  test('when a sweeper starts may have been left by a crash, and is quiet at once', async () => {
    const { ask, follower } = await opened();
    const first = await ask('v1');
    const deployments = follower();
    await deployments.follow();
    expect(deployments.quiet(100)).toEqual([first]);
    expect(deployments.environments()).toEqual([shop]);
  });

  test('is quiet when nothing was heard of it for a time', async () => {
    const { ask, follower, pass, cancel } = await opened();
    const deployments = follower();
    await deployments.follow();
    const first = await ask('v1');
    await deployments.follow();
    expect(deployments.quiet(100)).toEqual([]);
    pass(99);
    expect(deployments.quiet(100)).toEqual([]);
    pass(1);
    expect(deployments.quiet(100)).toEqual([first]);
    await cancel(first);
    await deployments.follow();
    expect(deployments.quiet(100)).toEqual([]);
  });

  test('is no longer when it gave back its place, or was found to be done', async () => {
    const { ask, follower, release } = await opened();
    const deployments = follower();
    const first = await ask('v1');
    const second = await ask('v2', 'blog');
    await deployments.follow();
    expect(deployments.quiet(0)).toEqual([first, second]);
    expect(deployments.environments()).toEqual([shop, 'blog']);
    await release(first);
    deployments.close(second);
    await deployments.follow();
    expect(deployments.quiet(0)).toEqual([]);
  });

  test('is not opened again by what is heard of it after its end', async () => {
    const { ask, follower, release, cancel } = await opened();
    const deployments = follower();
    const first = await ask('v1');
    await release(first);
    await deployments.follow();
    await cancel(first);
    await deployments.follow();
    expect(deployments.quiet(0)).toEqual([]);
  });

  test('is remembered by the next sweeper, which reads on from there', async () => {
    const { ask, follower, ports } = await opened();
    const first = await ask('v1');
    await follower().follow();
    const afters: unknown[] = [];
    const { readAll } = ports.store;
    const store = {
      ...ports.store,
      readAll: (page: Parameters<typeof readAll>[0]) => {
        afters.push(page.after);
        return readAll(page);
      },
    };
    const next = createOpenDeployments({ ...ports, store });
    await next.follow();
    expect([next.quiet(100), next.environments()]).toEqual([[first], [shop]]);
    expect(afters).toEqual([await orFault(ports.store.head())]);
  });

  test.each<[string, Snapshots['load']]>([
    ['cannot be loaded', () => transient('store/unavailable')],
    [
      'is of another schema',
      () => TE.right({ version: 1, schema: 2, state: { position: null, open: ['d-9'], environments: [] } }),
    ],
    ['is not what it says', () => TE.right({ version: 1, schema: 1, state: { position: 7 } })],
  ])('is found from the beginning if what was remembered %s', async (_, load) => {
    const { ask, follower } = await opened();
    const first = await ask('v1');
    const deployments = follower({ load });
    await deployments.follow();
    expect(deployments.quiet(100)).toEqual([first]);
  });

  test('is saved only when something was seen, and each time as a newer one', async () => {
    const { ask, follower } = await opened();
    const saved: number[] = [];
    const deployments = follower({ save: (_key, { version }) => TE.fromIO(() => void saved.push(version)) });
    await deployments.follow();
    await ask('v1');
    await deployments.follow();
    await deployments.follow();
    await ask('v2');
    await deployments.follow();
    expect(saved).toEqual([0, 1]);
  });
});

test('a long store is followed page by page', async () => {
  const { ports } = await opened();
  const event = (n: number) =>
    ({
      stream: `deployment-d-${n}`,
      type: 'DeploymentRequested',
      data: null,
      position: `${n}`,
    }) as unknown as StoredEvent;
  const all = Array.from({ length: 1_000 }, (_, n) => event(n));
  const asked: unknown[] = [];
  const store = {
    ...ports.store,
    readAll: ({ after, limit }: { after: string | null; limit: number }) => {
      asked.push(after);
      const events = all.slice(after === null ? 0 : Number(after) + 1).slice(0, limit);
      return TE.right({ events, next: events.at(-1)?.position ?? after });
    },
  };
  const deployments = createOpenDeployments({ ...ports, store });
  await deployments.follow();
  expect(deployments.quiet(0)).toHaveLength(1_000);
  expect(asked).toEqual([null, '499', '999']);
});
