import { renderRejection } from '@recourse/core';
import { type DeployInput, orFault } from '@recourse/engine';
import { describe, expect, test } from 'vitest';
import { accepted, deployOf, live, refused, settled, shop } from './support/orders.ts';
import { openWorld } from './support/world.ts';

const long = 'x'.repeat(10_240);
const git = (over: object) => ({
  source: { kind: 'git', repository: 'https://git.example/shop', ref: 'main', ...over },
});
const { workload } = deployOf('v1');

/** What somebody might send; the field that is to be named. */
const hostile: readonly (readonly [string, object, string])[] = [
  ['an environment with a path', { environment: '../../etc' }, 'environment'],
  ['an environment with spaces', { environment: 'my shop' }, 'environment'],
  ['an environment in capitals', { environment: 'Shop' }, 'environment'],
  ['an environment with a quote', { environment: "shop'; drop table" }, 'environment'],
  ['an environment with unicode', { environment: 'café' }, 'environment'],
  ['an environment of 10 kB', { environment: long }, 'environment'],
  ['no environment', { environment: '' }, 'environment'],
  ['an environment that is an object', { environment: { toString: () => 'shop' } }, 'environment'],
  ['a ref that is an option', git({ ref: '--upload-pack=touch x' }), 'source.ref'],
  ['a ref with a space', git({ ref: 'a b' }), 'source.ref'],
  ['a ref with dots', git({ ref: 'a..b' }), 'source.ref'],
  ['a ref with a revision', git({ ref: 'main~3' }), 'source.ref'],
  ['a ref with a NUL', git({ ref: 'a\0b' }), 'source.ref'],
  ['a ref of 10 kB', git({ ref: long }), 'source.ref'],
  ['a commit that is short', git({ commit: 'abc123' }), 'source.commit'],
  ['a commit that is a branch', git({ commit: 'main' }), 'source.commit'],
  ['neither a commit nor a ref', git({ ref: null }), 'source'],
  ['a repository that is an option', git({ repository: '--upload-pack=x' }), 'source.repository'],
  ['a repository with a password', git({ repository: 'https://ada:secret@git.example/x' }), 'source.repository'],
  ['a repository with spaces', git({ repository: 'https://git.example/a b' }), 'source.repository'],
  ['a repository of 10 kB', git({ repository: `https://${long}` }), 'source.repository'],
  ['a source of no kind', { source: { kind: 'ftp' } }, 'source.kind'],
  ['an image that is an option', { source: { kind: 'image', reference: '-x' } }, 'source.reference'],
  ['an image to be built by a Dockerfile', { source: { kind: 'image', reference: 'shop:1' } }, 'workload.build.preset'],
  [
    'a Dockerfile outside',
    { workload: { ...workload, build: { preset: 'dockerfile', dockerfile: '../x' } } },
    'workload.build.dockerfile',
  ],
  [
    'an absolute Dockerfile',
    { workload: { ...workload, build: { preset: 'dockerfile', dockerfile: '/x' } } },
    'workload.build.dockerfile',
  ],
  ['a port of 0', { workload: { ...workload, run: { ...workload.run, port: 0 } } }, 'workload.run.port'],
  ['a port that is text', { workload: { ...workload, run: { ...workload.run, port: '80' } } }, 'workload.run.port'],
  [
    'a health path of another host',
    { workload: { ...workload, run: { port: 80, health: { path: 'http://evil/' } } } },
    'workload.run.health.path',
  ],
  [
    'a health path with a line break',
    { workload: { ...workload, run: { port: 80, health: { path: '/\r\nx' } } } },
    'workload.run.health.path',
  ],
  ['a variable with an odd name', { config: { variables: { 'A B': '1' } } }, 'config.variables.A B'],
  ['a variable with a NUL', { config: { variables: { A: '\0' } } }, 'config.variables.A'],
  ['a variable with half a character', { config: { variables: { A: '\ud800' } } }, 'config.variables.A'],
  ['nobody who asks', { actor: '' }, 'actor'],
  ['an actor with a NUL', { actor: 'a\0b' }, 'actor'],
  ['a reason of 10 kB', { reason: long }, 'reason'],
  ['a trigger that is none', { trigger: 'moon' }, 'trigger'],
  ['a command id of 10 kB', { commandId: long }, 'commandId'],
  ['a field that is none', { colour: 'red' }, 'the input'],
];

describe('what is sent is checked before anything happens', () => {
  test.each(hostile)('%s is refused, with the field named and nothing written', async (_, over, field) => {
    const world = await openWorld();
    const rejection = refused(await world.recourse.deploy({ ...deployOf('v1'), ...over } as DeployInput));
    expect(rejection).toMatchObject({ code: 'InvalidInput', field });
    const { message, remedy } = renderRejection(rejection);
    expect(`${message} ${remedy}`).not.toMatch(/undefined|secret/);
    expect(message.length).toBeLessThan(500);
    expect(await world.options.store.head()()).toEqual({ _tag: 'Right', right: null });
  });

  test.each<[string, object, string, string]>([
    ['a text in quotes', { environment: 'my shop' }, 'environment', '"my shop"'],
    ['a number as it is', git({ commit: 7 }), 'source.commit', '7'],
    ['what is not there as nothing', { actor: undefined }, 'actor', 'nothing'],
    ['null as that', { actor: null }, 'actor', 'null'],
    ['an object without what is in it', { actor: { password: 'hunter2' } }, 'actor', 'an object'],
    ['a URL without its password', git({ repository: '//ada:hunter2@x y' }), 'source.repository', '"[redacted]@x y"'],
    ['80 characters in full', { environment: 'X'.repeat(78) }, 'environment', `"${'X'.repeat(78)}"`],
    ['more of them shortened', { environment: 'X'.repeat(79) }, 'environment', `"${'X'.repeat(79)}… (81 characters)`],
    ['a missing part as nothing', { workload: undefined }, 'workload', 'nothing'],
  ])('a refusal repeats %s', async (_, over, field, value) => {
    const { recourse } = await openWorld();
    expect(refused(await recourse.deploy({ ...deployOf('v1'), ...over } as DeployInput))).toMatchObject({
      field,
      value,
    });
  });

  test('a branch is enough to name what is to be built', async () => {
    const { recourse } = await openWorld();
    expect(accepted(await recourse.deploy({ ...deployOf('v1'), ...git({}) } as DeployInput))).toHaveProperty(
      'deployment',
    );
    const neither = git({ ref: undefined });
    expect(refused(await recourse.deploy({ ...deployOf('v1'), ...neither } as DeployInput))).toMatchObject({
      problem: 'must name a commit or a ref',
    });
  });

  test('what is left out is what most people want', async () => {
    const { recourse, options } = await openWorld();
    const { run: _, ...build } = workload;
    const order = { environment: shop, ...git({}), workload: { ...build, run: { port: 80 } }, actor: 'ada' };
    const { deployment } = accepted(await recourse.deploy(order as DeployInput));
    const { events } = await orFault(options.store.read({ stream: `deployment-${deployment}` }));
    expect(events[0]?.data).toMatchObject({
      source: { commit: null },
      config: { variables: {}, secrets: {} },
      trigger: 'api',
      reason: null,
      workload: {
        run: {
          health: { path: '/', withinMs: 60_000 },
          drainMs: 30_000,
          stopGraceMs: 10_000,
          memoryBytes: null,
          cpus: null,
          pidsMax: null,
        },
      },
    });
  });

  test('an image has nothing to be built, and nothing else is an image', async () => {
    const { recourse } = await openWorld();
    const source = { kind: 'image', reference: 'shop:1' };
    expect(refused(await recourse.deploy({ ...deployOf('v1'), source } as DeployInput))).toMatchObject({
      problem: 'must be "image" for a source that is an image, and only then',
    });
  });

  test('names for people may be anything people write', async () => {
    const world = await openWorld();
    world.work();
    const actor = `Zoë "the 'ops'" 王 <zoe@example.com> ../..`;
    const asked = accepted(
      await world.recourse.deploy(deployOf('v1', { actor, reason: '💥 </script>', commandId: '../ "x" 王' })),
    );
    expect(await settled(world, asked)).toBe('live');
    expect(accepted(await world.recourse.history({ environment: shop })).entries[0]).toMatchObject({
      actor,
      reason: '💥 </script>',
    });
  });

  test('other calls name their fields, too', async () => {
    const { recourse } = await openWorld();
    expect(refused(await recourse.rollback({ environment: 'a b', actor: 'ada' }))).toMatchObject({
      field: 'environment',
    });
    expect(refused(await recourse.planRollback({ environment: shop, target: '../x' }))).toMatchObject({
      field: 'target',
    });
    expect(refused(await recourse.cancel({ deployment: long, actor: 'ada' }))).toMatchObject({ field: 'deployment' });
    expect(refused(await recourse.history({ environment: shop, limit: 0 }))).toMatchObject({ field: 'limit' });
    expect(refused(await recourse.explain('no such'))).toMatchObject({ code: 'InvalidInput' });
    expect(refused(await recourse.explain('nobody')).code).toBe('DeploymentNotFound');
    expect(refused(await recourse.settled('nobody')).code).toBe('DeploymentNotFound');
  });
});

describe('the history', () => {
  test('is paged from the newest to the oldest, without a gap or a repetition', async () => {
    const world = await openWorld();
    world.work();
    const ids = await live(world, 'v1', 'v2', 'v3', 'v4', 'v5');
    const told: string[] = [];
    let before: number | undefined;
    do {
      const page = accepted(
        await world.recourse.history({ environment: shop, limit: 2, ...(before ? { before } : {}) }),
      );
      told.push(...page.entries.map(({ deployment }) => deployment));
      before = page.next ?? undefined;
    } while (before !== undefined);
    expect(told).toEqual([...ids].reverse());
  });

  test('answers what is live, since when, by whom, in place of what, and how', async () => {
    const world = await openWorld();
    world.work();
    const [first, second] = await live(world, 'v1', 'v2');
    const back = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada', reason: 'it is down' }));
    expect(await settled(world, back)).toBe('live');
    const environment = accepted(await world.recourse.environment(shop));
    expect(environment).toMatchObject({ slot: null, waiting: [], heldBy: back.deployment });
    expect(environment.live?.release).toMatchObject({ deployment: back.deployment, origin: first });
    const [newest] = accepted(await world.recourse.history({ environment: shop })).entries;
    expect(newest).toMatchObject({
      status: 'live',
      kind: 'rollback',
      way: 'reuse',
      rollbackOf: first,
      replaced: second,
      actor: 'ada',
      reason: 'it is down',
    });
    expect(newest?.status !== 'unreadable' && newest?.liveSince).toBeGreaterThan(1_600_000_000_000);
  });
});

describe('watching', () => {
  test('tells every event of a deployment in order, and what its build prints', async () => {
    const world = await openWorld();
    world.work();
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const watched of world.recourse.watch({ environment: shop, after: null, signal: stop.signal })) {
        if (watched.type === 'event') seen.push(watched.event.type);
        if (watched.type === 'progress') seen.push(watched.text.slice(0, 8));
        if (watched.type === 'event' && watched.event.type === 'Promoted') break;
      }
    })();
    await settled(world, await world.recourse.deploy({ ...deployOf('v1'), environment: 'other' }));
    await settled(world, await world.recourse.deploy(deployOf('v1')));
    await watching;
    stop.abort();
    const expected = [
      'DeploymentRequested',
      'SlotRequested',
      'SlotTaken',
      'Admitted',
      'BuildScheduled',
      'StepStarted',
      'Built',
    ];
    expect(seen).toContain('building');
    expect(seen.filter((type) => type !== 'building').slice(0, expected.length)).toEqual(expected);
    expect(seen.filter((type) => type === 'DeploymentRequested')).toHaveLength(1);
    expect(seen.at(-1)).toBe('Promoted');
  });

  test('ends when its signal aborts', async () => {
    const { recourse } = await openWorld();
    const stop = new AbortController();
    const watching = recourse.watch({ signal: stop.signal }).next();
    stop.abort();
    expect(await watching).toEqual({ done: true, value: undefined });
  });
});
