/** What is told of each deployment afterwards, from its events alone: in every state in which it may come to rest. */
import { DeploymentId, deploymentStream, environmentStream, Instant } from '@recourse/core';
import { createRecourse, type HistoryEntry, orFault } from '@recourse/engine';
import { eventually } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { accepted, atRest, deployOf, entryOf, live, settled, shop } from './support/orders.ts';
import { commitOf, openWorld, permanent, transient, type World } from './support/world.ts';

const ask = async ({ recourse }: World, version: string, over: object = {}): Promise<DeploymentId> =>
  accepted(await recourse.deploy(deployOf(version, over))).deployment;
const statusesIn = async ({ recourse }: World): Promise<readonly string[]> =>
  accepted(await recourse.history({ environment: shop })).entries.map(({ status }) => status);

/** Nothing is known of it yet but who asked for it. */
const unknown: Partial<HistoryEntry> = {
  kind: 'deploy',
  trigger: 'api',
  rollbackOf: null,
  way: null,
  image: null,
  liveSince: null,
  replaced: null,
  retiredBy: null,
  failure: null,
};

describe('a deployment', () => {
  test('that waits is told with who asked for what, when and why', async () => {
    const world = await openWorld();
    const clock = { ...world.options.clock, now: () => Instant.parse(77_000) };
    const { deployment } = accepted(
      await createRecourse({ ...world.options, clock }).deploy(
        deployOf('v1', { reason: 'a new shop', trigger: 'push' }),
      ),
    );
    expect(await entryOf(world, deployment)).toEqual({
      ...unknown,
      deployment,
      status: 'waiting',
      trigger: 'push',
      requestedAt: 77_000,
      actor: 'ada',
      reason: 'a new shop',
      commit: commitOf('v1'),
    });
  });

  test('of a branch has no commit before it is known', async () => {
    const world = await openWorld();
    const source = { kind: 'git', repository: 'https://git.example/shop', ref: 'main' } as const;
    const id = await ask(world, 'v1', { source });
    expect((await entryOf(world, id)).commit).toBeNull();
    world.work();
    await settled(world, { deployment: id });
    expect((await entryOf(world, id)).commit).toBe(commitOf('main'));
  });

  test('of an image never has one', async () => {
    const world = await openWorld();
    const source = { kind: 'image', reference: 'shop:1' };
    const id = await ask(world, 'v1', { source, workload: { ...deployOf('v1').workload, build: { preset: 'image' } } });
    expect((await entryOf(world, id)).commit).toBeNull();
    world.work();
    expect(await settled(world, { deployment: id })).toBe('live');
    expect(await entryOf(world, id)).toMatchObject({ way: 'pull', commit: null, image: { name: 'shop:1' } });
  });

  test('that is on its way says how its image is come by', async () => {
    const world = await openWorld();
    const id = await ask(world, 'v1');
    world.hands.start = () => transient('runtime/unreachable');
    const later = { deadlineMs: 2_000, attemptsMax: 2, backoffMs: 60_000, backoffMaxMs: 60_000 };
    const worker = createRecourse({ ...world.options, policy: { start: later } }).work();
    const entry = await eventually(
      () => entryOf(world, id),
      ({ image }) => image !== null,
    );
    expect(entry).toMatchObject({
      ...unknown,
      status: 'in-flight',
      way: 'build',
      image: { name: `app:${id}-build-1` },
    });
    await worker.stop();
  });

  test('that failed says why', async () => {
    const world = await openWorld();
    world.hands.build = () => permanent('builder/failed');
    world.work();
    const id = await ask(world, 'v1');
    await settled(world, { deployment: id });
    expect(await entryOf(world, id)).toMatchObject({
      ...unknown,
      status: 'failed',
      way: 'build',
      failure: { kind: 'permanent', code: 'builder/failed', message: 'builder/failed, as the test has it' },
    });
  });

  test('that was cancelled, or made pointless, is told as that', async () => {
    const world = await openWorld();
    const first = await ask(world, 'v1');
    await ask(world, 'v2');
    accepted(await world.recourse.cancel({ deployment: first, actor: 'ada' }));
    const second = await ask(world, 'v3');
    world.work();
    await settled(world, { deployment: second });
    await atRest(world);
    expect(await statusesIn(world)).toEqual(['live', 'superseded', 'cancelled']);
  });

  test('that is live says since when, and in place of what; that one says by what it was replaced', async () => {
    const world = await openWorld();
    world.work();
    const [first, second] = await live(world, 'v1', 'v2');
    if (first === undefined || second === undefined) throw new Error('nothing is live');
    expect(await entryOf(world, first)).toMatchObject({ status: 'retired', retiredBy: second, replaced: null });
    const entry = await entryOf(world, second);
    expect(entry).toMatchObject({ status: 'live', replaced: first, retiredBy: null, failure: null });
    expect(entry.liveSince).toBeGreaterThanOrEqual(entry.requestedAt);
  });

  test('that was replaced drains until its instance is stopped', async () => {
    const world = await openWorld();
    const worker = world.work();
    const [first] = await live(world, 'v1');
    if (first === undefined) throw new Error('nothing is live');
    world.hands.stop = () => transient('runtime/unreachable');
    await settled(world, { deployment: await ask(world, 'v2') });
    expect(await entryOf(world, first)).toMatchObject({ status: 'draining', retiredBy: null });
    await worker.stop();
  });
});

describe('a rollback', () => {
  test('is told with its target, and how it came by the image', async () => {
    const world = await openWorld();
    world.work();
    const [first, second] = await live(world, 'v1', 'v2');
    const back = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada', reason: 'it is down' }));
    await settled(world, back);
    expect(await entryOf(world, back.deployment)).toMatchObject({
      kind: 'rollback',
      trigger: null,
      rollbackOf: first,
      replaced: second,
      way: 'reuse',
      reason: 'it is down',
      commit: commitOf('v1'),
    });
    await atRest(world);
    world.here.clear();
    const forth = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    await settled(world, forth);
    expect(await entryOf(world, forth.deployment)).toMatchObject({ way: 'rebuild', rollbackOf: second });
  });
});

describe('a page', () => {
  const cause = { actor: 'ada', correlationId: 'c', causationId: 'c' };

  test('ends where it was asked to, and the last one says that there are no more', async () => {
    const world = await openWorld();
    const ids = [await ask(world, 'v1'), await ask(world, 'v2'), await ask(world, 'v3')];
    const page = async (query: object) => {
      const { entries, next } = accepted(await world.recourse.history({ environment: shop, ...query }));
      return { ids: entries.map(({ deployment }) => deployment), next };
    };
    expect(await page({ limit: 2 })).toEqual({ ids: [ids[2], ids[1]], next: 1 });
    expect(await page({ limit: 2, before: 1 })).toEqual({ ids: [ids[0]], next: null });
    expect(await page({ limit: 1, before: 1 })).toEqual({ ids: [ids[0]], next: null });
    expect(await page({ limit: 9 })).toEqual({ ids: ids.toReversed(), next: null });
    expect(await page({ before: 0 })).toEqual({ ids: [], next: null });
  });

  test('reaches as far back as it must, over whatever else happened', async () => {
    const world = await openWorld();
    const first = await ask(world, 'v1');
    const journal = createJournal(world.options);
    const metadata = { recordedAt: Instant.parse(1), ...cause };
    const admitted = { id: 'e', type: 'Admitted', schemaVersion: 1, data: { fence: 1 }, metadata };
    const stream = deploymentStream(DeploymentId.parse('d-1'));
    await orFault(world.options.store.append({ stream, expected: 'no-stream', events: [admitted] }));
    for (const name of ['d-0', 'd-1']) {
      const strange = { deployment: DeploymentId.parse(name), kind: 'deploy', automatic: false } as const;
      await journal.decideEnvironment(shop, { type: 'StandInLine', ...strange }, cause);
    }
    const resumed = { type: 'AutoDeployResumed', schemaVersion: 1, data: { actor: 'ada' } };
    for (let nth = 0; nth < 110; nth++) {
      const events = [{ id: `e-${nth}`, ...resumed, metadata }] as const;
      await orFault(world.options.store.append({ stream: environmentStream(shop), expected: 'any', events }));
    }
    const { entries, next } = accepted(await world.recourse.history({ environment: shop }));
    expect(entries).toMatchObject([
      { deployment: 'd-1', status: 'unreadable', problem: 'Deployment d-1 has no request.' },
      { deployment: 'd-0', status: 'unreadable', problem: 'Deployment d-0 has no request.' },
      { deployment: first, status: 'waiting' },
    ]);
    expect(next).toBeNull();
  });
});
