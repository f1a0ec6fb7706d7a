/** What HAProxy knows after it ended and was started again, and what happens when it cannot write it down. */
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { EnvironmentId, Fence } from '@recourse/core';
import { haproxyRouter } from '@recourse/haproxy';
import { askEnvironment, left, right, startTestApp } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startHaproxy } from '../../../scripts/engines/haproxy.ts';
import { freeze, thaw } from './freeze.ts';
import { freshHaproxy, instanceAt, routeTo, shop } from './fresh-haproxy.ts';

const blog = EnvironmentId.parse('blog');

const freshApp = async (name: string) => {
  const app = await startTestApp(name);
  onTestFinished(() => app.close());
  return app;
};

test('after a crash it serves at once where it was pointed last, and still refuses a lower fence', async () => {
  const { router, base, restart } = await freshHaproxy();
  const app = await freshApp('a');
  await right(router.point(shop, routeTo(1, 6)));
  await right(router.point(shop, { upstream: app.instance, fence: Fence.parse(7) }));
  await right(router.point(blog, { upstream: null, fence: Fence.parse(3) }));
  await restart({ forget: false });
  expect((await askEnvironment(base)).app).toBe('a');
  expect(await right(router.where(shop))).toEqual({ upstream: app.instance, fence: 7 });
  expect(await right(router.where(blog))).toEqual({ upstream: null, fence: 3 });
  expect((await left(router.point(shop, routeTo(1, 6)))).code).toBe('router/stale-fence');
  await right(router.point(shop, { upstream: app.instance, fence: Fence.parse(7) }));
  await right(router.point(shop, routeTo(1, 8)));
  await restart({ forget: false });
  expect(await right(router.where(shop))).toEqual(routeTo(1, 8));
  expect(await right(router.where(blog))).toEqual({ upstream: null, fence: 3 });
});

test('the routes file has a line for each environment, and no more after many switches', async () => {
  const { router, routesFile } = await freshHaproxy();
  for (let fence = 1; fence <= 20; fence += 1) {
    await right(router.point(shop, routeTo(fence, fence)));
    await right(router.point(blog, routeTo(fence, fence)));
  }
  const lines = (await readFile(routesFile, 'utf8')).trim().split('\n');
  expect(lines.map((line) => line.split(' ')[0]).toSorted()).toEqual(['blog', 'shop']);
});

test('a switch that could not be written down is not made', async () => {
  const { router, base, routesFile } = await freshHaproxy();
  const [a, b] = [await freshApp('a'), await freshApp('b')];
  await right(router.point(shop, { upstream: a.instance, fence: Fence.parse(1) }));
  // A folder where the new file should be written: nobody can open it, not even root.
  await mkdir(`${routesFile}.new`);
  const error = await left(router.point(shop, { upstream: b.instance, fence: Fence.parse(2) }));
  expect(error).toMatchObject({ kind: 'permanent', code: 'router/misconfigured' });
  expect(error.message).toContain(`${routesFile}.new: Is a directory`);
  expect((await askEnvironment(base)).app).toBe('a');
  expect((await right(router.where(shop)))?.fence).toBe(1);
  await rm(`${routesFile}.new`, { recursive: true });
  await right(router.point(shop, { upstream: b.instance, fence: Fence.parse(2) }));
  expect((await askEnvironment(base)).app).toBe('b');
});

test('told not to remember, it writes nothing and starts empty', async () => {
  const { router, routesFile, restart } = await freshHaproxy({ remember: false });
  await right(router.point(shop, routeTo(1, 5)));
  expect(await readFile(routesFile, 'utf8')).toBe('');
  await restart({ forget: false });
  expect(await right(router.where(shop))).toBeNull();
});

test('a HAProxy that hangs is unreachable, and what it was told meanwhile is applied or refused when it wakes', async () => {
  const { pid, socketPath, router } = await freshHaproxy();
  const impatient = haproxyRouter({ socketPath, timeoutMs: 300 });
  const frozen = await pid();
  await right(router.point(shop, routeTo(1, 5)));
  await freeze(frozen);
  expect(await left(impatient.where(shop))).toMatchObject({ kind: 'transient', code: 'router/unreachable' });
  expect(await left(impatient.point(shop, routeTo(2, 6)))).toMatchObject({ code: 'router/unreachable' });
  thaw(frozen);
  // Unknown whether it was applied: so the same again, as the engine does.
  await right(router.point(shop, routeTo(2, 6)));
  expect(await right(router.where(shop))).toEqual(routeTo(2, 6));
});

test('a route that was changed by hand is said to be, not taken for none', async () => {
  const { router, socketPath } = await freshHaproxy();
  await right(router.point(shop, routeTo(1, 5)));
  const byHand = connect(socketPath);
  byHand.end(`set map #0 ${shop} 127.0.0.1\n`);
  await once(byHand.resume(), 'close');
  const error = await left(router.where(shop));
  expect(error).toMatchObject({ kind: 'permanent', code: 'router/misconfigured' });
  expect(error.message).toContain('changed by hand');
  expect((await left(router.point(shop, routeTo(1, 6)))).code).toBe('router/misconfigured');
});

test('a HAProxy without our commands is a wrong configuration, not an empty one', async () => {
  const haproxy = await startHaproxy(
    ({ socketPath, port }) =>
      `global\n stats socket ${socketPath} level admin\ndefaults\n mode http\nfrontend f\n bind 127.0.0.1:${port}\n`,
  );
  onTestFinished(() => haproxy.stop());
  const router = haproxyRouter(haproxy);
  const misconfigured = { kind: 'permanent', code: 'router/misconfigured' };
  expect(await left(router.where(shop))).toMatchObject(misconfigured);
  expect(await left(router.point(shop, routeTo(1, 1)))).toMatchObject(misconfigured);
  expect(await left(router.openRequests(shop, instanceAt(1).id))).toMatchObject(misconfigured);
});
