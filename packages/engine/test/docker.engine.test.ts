/** What goes wrong on real engines: a Docker daemon, a HAProxy, a git repository. In every case the old release serves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRecourse, orFault, type Worker } from '@recourse/engine';
import { eventually, startTraffic } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Registry, startRegistry } from '../../../scripts/engines/registry.ts';
import {
  comesOut,
  type DockerPlatform,
  deployed,
  openPrivateDockerPlatform,
  release,
  shop,
} from './support/docker-platform.ts';
import { accepted, refused } from './support/orders.ts';

let platform: DockerPlatform;
let worker: Worker;

beforeAll(async () => {
  platform = await openPrivateDockerPlatform();
  worker = createRecourse(platform.options).work();
  await deployed(platform, platform.commit(release('v1')));
});

afterAll(async () => {
  await worker?.stop();
  await platform?.close();
});

const recourse = () => createRecourse(platform.options);
const failureOf = async (deployment: string) => {
  const { entries } = accepted(await recourse().history({ environment: shop }));
  const entry = entries.find((one) => one.deployment === deployment);
  return entry?.status === 'failed' ? entry.failure : null;
};

/** Another worker than the one of all tests, whose ports misbehave. */
const workWith = async (ports: Partial<DockerPlatform['options']>) => {
  await worker.stop();
  const odd = createRecourse({ ...platform.options, ...ports }).work();
  onTestFinished(async () => {
    await odd.stop();
    worker = createRecourse(platform.options).work();
  });
};

describe('a release that is not fit to serve', () => {
  test.each([
    ['does not build', release('bad', 'RUN ["/busybox", "false"]'), 'builder/failed'],
    ['never answers', release('bad', 'ENTRYPOINT ["/busybox", "sleep", "3600"]'), 'health/unhealthy'],
    ['dies at once', release('bad', 'ENTRYPOINT ["/busybox", "false"]'), 'health/unhealthy'],
    ['cannot be run', release('bad', 'ENTRYPOINT ["/no/such/program"]'), 'runtime/start-failed'],
  ])('that %s fails, and what is live goes on without a request lost', async (_, files, code) => {
    const before = await platform.body();
    const traffic = startTraffic({
      url: platform.url,
      clients: 2,
      pauseMs: 5,
    });
    const deployment = await deployed(platform, platform.commit(files), 'failed');
    const { failed, byBody } = await traffic.stop();
    expect(await failureOf(deployment)).toMatchObject({ code });
    expect({ failed, bodies: Object.keys(byBody) }).toEqual({ failed: 0, bodies: [before] });
  });
});

describe('rolling back on Docker', () => {
  test('reuses the image, and rebuilds it when its tag was moved and the image is gone', async () => {
    await deployed(platform, platform.commit(release('old')));
    await deployed(platform, platform.commit(release('new')));
    const reuse = accepted(await recourse().planRollback({ environment: shop }));
    expect(reuse.decision.type).toBe('Reuse');

    const { image } = reuse.target;
    const other = platform.cli('inspect', '--format={{.Image}}', platform.cli('ps', '-q').split('\n')[0] ?? '');
    platform.cli('rmi', '-f', image.digest);
    platform.cli('tag', other, image.name);
    const plan = accepted(await recourse().planRollback({ environment: shop }));
    expect(plan.decision).toMatchObject({ type: 'Rebuild', reason: 'changed' });
    const { deployment } = accepted(await recourse().rollback({ plan, actor: 'ada' }));
    await comesOut(platform, recourse(), deployment, 'live');
    expect(await platform.body()).toBe('old');
  });

  test('rebuilds an image that is removed between the probe and the start', async () => {
    await deployed(platform, platform.commit(release('first')));
    await deployed(platform, platform.commit(release('second')));
    const { runtime } = platform.options;
    let removed = false;
    await workWith({
      runtime: {
        ...runtime,
        start: (order, signal) => {
          if (!removed) platform.cli('rmi', '-f', order.image.digest);
          removed = true;
          return runtime.start(order, signal);
        },
      },
    });
    const { deployment } = accepted(await recourse().rollback({ environment: shop, actor: 'ada' }));
    await comesOut(platform, recourse(), deployment, 'live');
    expect(await platform.body()).toBe('first');
    expect(accepted(await recourse().explain(deployment)).join('\n')).toMatch(
      /found: present(.|\n)*found: absent(.|\n)*rebuilt/,
    );
  });

  test.each([true, false])('takes a static release (runnable: %s) back by its own row', async (runnable) => {
    const order = platform.commit({ 'site/index.html': `site ${runnable}` });
    const build = { preset: 'static', directory: 'site', runnable } as const;
    await deployed(platform, { ...order, workload: { ...order.workload, build } });
    expect(await platform.body()).toBe(`site ${runnable}`);
    await deployed(platform, platform.commit(release('app')));

    const plan = accepted(await recourse().planRollback({ environment: shop }));
    expect(plan.decision).toMatchObject(runnable ? { type: 'Reuse' } : { type: 'Rebuild', reason: 'not-runnable' });
    const { deployment } = accepted(await recourse().rollback({ plan, actor: 'ada' }));
    await comesOut(platform, recourse(), deployment, 'live');
    expect(await platform.body()).toBe(`site ${runnable}`);
  });

  describe('to a release that was made from an image', () => {
    let registry: Registry;

    beforeAll(async () => {
      registry = await startRegistry();
      return () => registry.stop();
    });

    test('pulls it if its registry has it, and refuses if nobody has, before anything is disturbed', async () => {
      await deployed(platform, platform.commit(release('packaged')));
      const [running = ''] = platform.cli('ps', '-q').split('\n');
      const reference = `${registry.host}/shop:1`;
      platform.cli('tag', platform.cli('inspect', '--format={{.Image}}', running), reference);
      platform.cli('push', '--quiet', reference);

      const order = platform.commit(release('other'));
      const source = { kind: 'image', reference } as const;
      const workload = { ...order.workload, build: { preset: 'image' } as const };
      const image = await deployed(platform, { ...order, source, workload });
      await deployed(platform, order);
      const { digest } = accepted(await recourse().planRollback({ environment: shop, target: image })).target.image;

      platform.cli('rmi', '-f', digest);
      const pull = accepted(await recourse().planRollback({ environment: shop, target: image }));
      expect(pull.decision.type).toBe('Pull');
      const { deployment } = accepted(await recourse().rollback({ plan: pull, actor: 'ada' }));
      await comesOut(platform, recourse(), deployment, 'live');
      expect(await platform.body()).toBe('packaged');

      await deployed(platform, platform.commit(release('after')));
      platform.cli('rmi', '-f', digest);
      await registry.stop();
      registry = await startRegistry();
      const unknown = recourse().planRollback({ environment: shop, target: image });
      await expect(unknown).rejects.toMatchObject({ code: 'images/unreachable' });
      expect(await platform.body()).toBe('after');
    });
  });
});

describe('engines that go away', () => {
  test('Docker in the middle of a build: it is built when Docker is back, and the old release serves meanwhile', async () => {
    const before = await platform.body();
    const order = platform.commit(release('survivor', 'RUN ["/busybox", "sleep", "2"]'));
    const { deployment } = accepted(await recourse().deploy(order));
    for await (const watched of recourse().watch({ deployment, after: null }))
      if (watched.type === 'event' && watched.event.type === 'StepStarted' && watched.event.step === 'build') break;
    await platform.docker.kill();
    expect(await platform.body()).toBe(before);
    await platform.docker.start();
    await comesOut(platform, recourse(), deployment, 'live');
    expect(await platform.body()).toBe('survivor');
  }, 120_000);

  test.each([0, 50, 200])(
    'Docker %d ms into a start: the old release serves, and one instance comes of it',
    async (ms) => {
      const before = await platform.body();
      const { runtime } = platform.options;
      let killed = Promise.resolve();
      let starts = 0;
      await workWith({
        runtime: {
          ...runtime,
          start: (order, signal) => async () => {
            const starting = runtime.start(order, signal)();
            if (++starts === 1) killed = sleep(ms).then(() => platform.docker.kill());
            await killed;
            return starting;
          },
        },
      });
      const traffic = startTraffic({ url: platform.url, clients: 2, pauseMs: 5 });
      const { deployment } = accepted(await recourse().deploy(platform.commit(release(`started ${ms}`))));
      await eventually(
        async () => starts,
        (count) => count > 0,
      );
      await killed;
      expect(await platform.body()).toBe(before);
      await platform.docker.start();
      await comesOut(platform, recourse(), deployment, 'live');
      expect(await platform.body()).toBe(`started ${ms}`);
      expect(platform.cli('ps', '--all', '--quiet').split('\n')).toHaveLength(1);
      // It takes longer than nothing: this one was cut off.
      if (ms === 0) expect(starts).toBeGreaterThan(1);
      const { failed, stale, problems } = await traffic.stop();
      expect({ failed, stale, problems }).toEqual({ failed: 0, stale: 0, problems: [] });
    },
    120_000,
  );

  type Point = ReturnType<DockerPlatform['options']['router']['point']>;
  const killHaproxy = (forget: boolean) => platform.haproxy.restart({ forget });
  const unanswered = TE.left({ kind: 'transient', code: 'router/unreachable', message: 'no answer came' } as const);

  test.each<[string, (point: Point) => Point]>([
    ['before it hears of it', (point) => async () => killHaproxy(true).then(point)],
    [
      'while it is told',
      (point) => async () => (await Promise.all([point(), sleep(1).then(() => killHaproxy(true))]))[0],
    ],
    [
      'when it is done, before it can say so, and forgets',
      (point) => async () =>
        point()
          .then(() => killHaproxy(true))
          .then(unanswered),
    ],
    [
      'when it is done, before it can say so, and remembers',
      (point) => async () =>
        point()
          .then(() => killHaproxy(false))
          .then(unanswered),
    ],
    [
      'when it is done and has said so, and forgets',
      (point) => async () => {
        const pointed = await point();
        await killHaproxy(true);
        return pointed;
      },
    ],
  ])('HAProxy at the switch, %s: the promotion is finished, and the traffic is right', async (when, dying) => {
    const { router } = platform.options;
    let killed = false;
    await workWith({
      router: {
        ...router,
        point: (environment, route) => {
          if (killed || route.upstream === null) return router.point(environment, route);
          killed = true;
          return dying(router.point(environment, route));
        },
      },
    });
    const [replaced] = accepted(await recourse().history({ environment: shop, limit: 1 })).entries;
    const { deployment } = accepted(await recourse().deploy(platform.commit(release(`switched ${when}`))));
    await comesOut(platform, recourse(), deployment, 'live');
    expect(killed).toBe(true);
    const traffic = startTraffic({ url: platform.url, clients: 2 });
    await traffic.reached(200);
    const { failed, byBody } = await traffic.stop();
    expect({ failed, bodies: Object.keys(byBody) }).toEqual({ failed: 0, bodies: [`switched ${when}`] });
    const [entry] = accepted(await recourse().history({ environment: shop, limit: 1 })).entries;
    expect(entry).toMatchObject({ deployment, status: 'live', replaced: replaced?.deployment, failure: null });
    const { live } = accepted(await recourse().environment(shop));
    expect(await orFault(router.where(shop))).toEqual({ upstream: live?.instance, fence: live?.routeFence });
  });

  test('HAProxy between two deployments, and it forgot everything: the sweeper puts it right', async () => {
    const before = await platform.body();
    await platform.haproxy.restart({ forget: true });
    await expect.poll(() => platform.body().catch(() => ''), { timeout: 20_000 }).toBe(before);
  });
});

test('refusals name what is wrong before anything is asked of an engine', async () => {
  expect(refused(await recourse().planRollback({ environment: 'nothing-here' })).code).toBe('NothingToRollBackTo');
});
