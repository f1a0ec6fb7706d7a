/** What every Router owes, shown with real HTTP through it. */
import { Agent } from 'node:http';
import { EnvironmentId, Fence, type Instance, InstanceId, type Route, type Router } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './eventually.ts';
import { left, right } from './outcome.ts';
import { type App, type AppOptions, ask, openTunnel, startApp, startLoad } from './router-traffic.ts';

/** One adapter under test, and the hands that reach around it. */
export type RouterUnderTest = Readonly<{
  router: Router;
  /** Where an environment's clients go: this port on 127.0.0.1, with this host as Host header. */
  baseUrl(environment: EnvironmentId): URL;
  /** Makes the router unreachable until `close`. */
  disconnect(): Promise<void>;
  /** Ends it and starts it at the same place with nothing remembered. The Router from then on. */
  restart(): Promise<Router>;
  close(): Promise<void>;
}>;

const shop = EnvironmentId.parse('shop-production');
const blog = EnvironmentId.parse('blog');

const route = (upstream: Instance | null, fence: number): Route => ({ upstream, fence: Fence.parse(fence) });

const freshApp = async (name: string, options?: AppOptions): Promise<App> => {
  const app = await startApp(name, options);
  onTestFinished(() => app.close());
  return app;
};

/** Waits for what a router may learn a moment after the client: that a request has ended. */
const drained = (router: Router, environment: EnvironmentId, { id }: Instance): Promise<number> =>
  eventually(
    () => right(router.openRequests(environment, id)),
    (open) => open === 0,
  );

type Open = () => Promise<RouterUnderTest>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const routerConformance = (adapter: string, open: Open): void => {
  const fresh: Open = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as Router`, () => {
    routes(fresh);
    fences(fresh);
    switches(fresh);
    counts(fresh);
    outages(fresh);
  });
};

const routes = (fresh: Open): void => {
  test('has no route for an environment that it was never told of', async () => {
    const { router, baseUrl } = await fresh();
    expect(await right(router.where(shop))).toBeNull();
    expect((await ask(baseUrl(shop))).status).toBe(503);
    expect(await right(router.openRequests(shop, InstanceId.parse('nobody')))).toBe(0);
  });

  test('sends requests where it was pointed, and says so', async () => {
    const { router, baseUrl } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 1)));
    expect(await right(router.where(shop))).toEqual(route(app.instance, 1));
    expect(await ask(baseUrl(shop))).toEqual({ status: 200, app: 'a', body: 'a' });
    expect(await ask(baseUrl(shop), { method: 'POST', body: 'x' })).toEqual({ status: 200, app: 'a', body: 'a' });
  });

  test('an environment with nothing to serve is answered 503', async () => {
    const { router, baseUrl } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 1)));
    await right(router.point(shop, route(null, 2)));
    expect((await ask(baseUrl(shop))).status).toBe(503);
    expect(await right(router.where(shop))).toEqual(route(null, 2));
    await right(router.point(shop, route(app.instance, 3)));
    expect((await ask(baseUrl(shop))).app).toBe('a');
  });

  test('environments do not touch each other', async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a'), await freshApp('b')];
    await right(router.point(shop, route(a.instance, 9)));
    await right(router.point(blog, route(b.instance, 1)));
    expect([(await ask(baseUrl(shop))).app, (await ask(baseUrl(blog))).app]).toEqual(['a', 'b']);
    await right(router.point(blog, route(null, 2)));
    expect([(await ask(baseUrl(shop))).status, (await ask(baseUrl(blog))).status]).toEqual([200, 503]);
    expect(await right(router.where(shop))).toEqual(route(a.instance, 9));
  });

  test('an instance may be called anything', async () => {
    const { router, baseUrl } = await fresh();
    for (const [index, id] of hostileIds.entries()) {
      const app = await freshApp(`app-${index}`, { id });
      await right(router.point(shop, route(app.instance, index + 1)));
      expect(await right(router.where(shop))).toEqual(route(app.instance, index + 1));
      const pending = ask(baseUrl(shop), { path: '/held' });
      await app.held(1);
      expect(await right(router.openRequests(shop, app.instance.id))).toBe(1);
      app.letGo();
      expect((await pending).body).toBe('first last');
    }
  });
};

const hostileIds = ['a;b', 'a\\', `"'$(x)\``, '#a', '-', '|', 'a|b|c', '../..', '%0a', '<a,b>{c}', '~'.repeat(255)];

const fences = (fresh: Open): void => {
  test('the same route again changes nothing', async () => {
    const { router, baseUrl } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 4)));
    await right(router.point(shop, route(app.instance, 4)));
    expect(await right(router.where(shop))).toEqual(route(app.instance, 4));
    expect((await ask(baseUrl(shop))).app).toBe('a');
  });

  test('a lower fence moves nothing, whatever it carries', async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a'), await freshApp('b')];
    await right(router.point(shop, route(a.instance, 10)));
    for (const stale of [route(b.instance, 9), route(a.instance, 9), route(null, 9), route(b.instance, 1)]) {
      expect(await left(router.point(shop, stale))).toMatchObject({ kind: 'permanent', code: 'router/stale-fence' });
    }
    expect(await right(router.where(shop))).toEqual(route(a.instance, 10));
    expect((await ask(baseUrl(shop))).app).toBe('a');
  });

  test('the same fence with another upstream is stale', async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a'), await freshApp('b')];
    await right(router.point(shop, route(a.instance, 3)));
    const moved = { ...a.instance, address: b.instance.address };
    const renamed = { ...b.instance, address: a.instance.address };
    for (const upstream of [b.instance, moved, renamed, null]) {
      expect((await left(router.point(shop, route(upstream, 3)))).code).toBe('router/stale-fence');
    }
    expect((await ask(baseUrl(shop))).app).toBe('a');
  });

  test('a fence is remembered while there is nothing to serve', async () => {
    const { router, baseUrl } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(null, 5)));
    expect((await left(router.point(shop, route(app.instance, 4)))).code).toBe('router/stale-fence');
    expect((await left(router.point(shop, route(app.instance, 5)))).code).toBe('router/stale-fence');
    expect((await ask(baseUrl(shop))).status).toBe(503);
  });

  test('the same upstream may be pointed at again with a higher fence', async () => {
    const { router } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 1)));
    await right(router.point(shop, route(app.instance, 2)));
    expect(await right(router.where(shop))).toEqual(route(app.instance, 2));
    expect((await left(router.point(shop, route(app.instance, 1)))).code).toBe('router/stale-fence');
  });

  test('fences are numbers: 10 is higher than 9, up to the largest there is', async () => {
    const { router } = await fresh();
    const app = await freshApp('a');
    for (const fence of [9, 10, 100, 2 ** 31, 2 ** 53 - 2, 2 ** 53 - 1]) {
      await right(router.point(shop, route(app.instance, fence)));
      expect((await left(router.point(shop, route(app.instance, fence - 1)))).code).toBe('router/stale-fence');
      expect(await right(router.where(shop))).toEqual(route(app.instance, fence));
    }
  });

  test('of many at once the highest fence wins', async () => {
    const { router, baseUrl } = await fresh();
    const apps = await Promise.all(['a', 'b', 'c', 'd'].map((name) => freshApp(name)));
    const all = apps.flatMap(({ instance }, index) => [route(instance, index + 1), route(instance, index + 11)]);
    const outcomes = await Promise.all(all.map((each) => router.point(shop, each)()));
    const refused = outcomes.flatMap((outcome) => (outcome._tag === 'Left' ? [outcome.left.code] : []));
    expect(refused.filter((code) => code !== 'router/stale-fence')).toEqual([]);
    expect((await right(router.where(shop)))?.fence).toBe(14);
    expect((await ask(baseUrl(shop))).app).toBe('d');
  });
};

const switches = (fresh: Open): void => {
  test('twenty switches under load lose no request and leave none behind', { timeout: 120_000 }, async () => {
    const { router, baseUrl } = await fresh();
    const order = Array.from({ length: 21 }, (_, index) => `v${index}`);
    let old = await freshApp('v0');
    await right(router.point(shop, route(old.instance, 1)));
    const load = startLoad(baseUrl(shop), { clients: 6, order });
    onTestFinished(() => load.stop().then(() => undefined));

    for (const [index, name] of order.entries()) {
      if (index === 0) continue;
      const app = await freshApp(name);
      await load.more(120);
      await right(router.point(shop, route(app.instance, index + 1)));
      load.expect(name);
      await drained(router, shop, old.instance);
      await old.close();
      old = app;
    }
    await load.more(120);
    const { answered, wrong } = await load.stop();
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(2_500);
  });

  test('connections that an application closes between two requests cost none', { timeout: 60_000 }, async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a', { impatient: true }), await freshApp('b', { impatient: true })];
    await right(router.point(shop, route(a.instance, 1)));
    const load = startLoad(baseUrl(shop), { clients: 6, order: ['a', 'b'] });
    onTestFinished(() => load.stop().then(() => undefined));
    await load.more(500);
    await right(router.point(shop, route(b.instance, 2)));
    load.expect('b');
    await load.more(500);
    expect((await load.stop()).wrong).toEqual([]);
  });

  test('a slow answer ends where it began', async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a'), await freshApp('b')];
    await right(router.point(shop, route(a.instance, 1)));
    const slow = ask(baseUrl(shop), { path: '/held' });
    await a.held(1);
    await right(router.point(shop, route(b.instance, 2)));
    expect((await ask(baseUrl(shop))).app).toBe('b');
    expect(await right(router.openRequests(shop, a.instance.id))).toBe(1);
    a.letGo();
    expect(await slow).toEqual({ status: 200, app: 'a', body: 'first last' });
    await drained(router, shop, a.instance);
  });

  test('an upgraded connection survives a switch and counts until it ends', async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a'), await freshApp('b')];
    await right(router.point(shop, route(a.instance, 1)));
    const tunnel = await openTunnel(baseUrl(shop));
    expect([tunnel.app, await tunnel.echo('before')]).toEqual(['a', 'before']);
    await right(router.point(shop, route(b.instance, 2)));
    expect(await tunnel.echo('after')).toBe('after');
    expect(await right(router.openRequests(shop, a.instance.id))).toBe(1);
    const second = await openTunnel(baseUrl(shop));
    expect(second.app).toBe('b');
    await Promise.all([tunnel.end(), second.end()]);
    await drained(router, shop, a.instance);
  });
};

const counts = (fresh: Open): void => {
  test('counts requests, not connections that wait for the next one', async () => {
    const { router, baseUrl } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 1)));
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await Promise.all(Array.from({ length: 3 }, () => ask(baseUrl(shop), { agent })));
    await drained(router, shop, app.instance);
    const pending = Array.from({ length: 3 }, () => ask(baseUrl(shop), { agent, path: '/held' }));
    await app.held(3);
    expect(await right(router.openRequests(shop, app.instance.id))).toBe(3);
    expect(await right(router.openRequests(blog, app.instance.id))).toBe(0);
    app.letGo();
    await Promise.all(pending);
    await drained(router, shop, app.instance);
  });

  test('a client that goes away is not waited for', async () => {
    const { router, baseUrl } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 1)));
    const client = new AbortController();
    const asking = ask(baseUrl(shop), { path: '/held', signal: client.signal }).catch((error: Error) => error.name);
    await app.held(1);
    expect(await right(router.openRequests(shop, app.instance.id))).toBe(1);
    client.abort();
    expect(await asking).toBe('AbortError');
    await drained(router, shop, app.instance);
  });

  test('an instance that is gone is an error to the client, and costs the next one nothing', async () => {
    const { router, baseUrl } = await fresh();
    const [a, b] = [await freshApp('a'), await freshApp('b')];
    await right(router.point(shop, route(a.instance, 1)));
    expect((await ask(baseUrl(shop))).app).toBe('a');
    await a.close();
    expect([502, 503]).toContain((await ask(baseUrl(shop))).status);
    await right(router.point(shop, route(b.instance, 2)));
    expect((await ask(baseUrl(shop))).app).toBe('b');
    await drained(router, shop, a.instance);
  });
};

const outages = (fresh: Open): void => {
  test('a router that cannot be reached says so, and never that it has no route', async () => {
    const { router, disconnect } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 1)));
    await disconnect();
    const unreachable = { kind: 'transient', code: 'router/unreachable' };
    expect(await left(router.point(shop, route(null, 2)))).toMatchObject(unreachable);
    expect(await left(router.where(shop))).toMatchObject(unreachable);
    expect(await left(router.openRequests(shop, app.instance.id))).toMatchObject(unreachable);
  });

  test('restarted empty it answers 503 until it is pointed again', async () => {
    const { router, baseUrl, restart } = await fresh();
    const app = await freshApp('a');
    await right(router.point(shop, route(app.instance, 7)));
    const restarted = await restart();
    expect(await right(restarted.where(shop))).toBeNull();
    expect((await ask(baseUrl(shop))).status).toBe(503);
    await right(restarted.point(shop, route(app.instance, 7)));
    expect(await right(restarted.where(shop))).toEqual(route(app.instance, 7));
    expect((await ask(baseUrl(shop))).app).toBe('a');
    expect((await left(restarted.point(shop, route(null, 6)))).code).toBe('router/stale-fence');
  });
};
