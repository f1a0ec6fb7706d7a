/** A server that others use as well, and following it over connections that drop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { left, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Fault } from './double/faults.ts';
import { append, doubled, follow, foreign, someEvent } from './doubled.ts';

const ids = (events: readonly Readonly<{ id: string }>[]) => events.map(({ id }) => id);
const foreigners = (count: number) => Array.from({ length: count }, () => foreign());

describe('a server that others use as well', () => {
  test('what is theirs is not seen, however much there is of it', async () => {
    const { double, store, snapshots, openOne } = await doubled();
    const neighbour = await openOne({ prefix: 'recourse-test.' });
    double.plant('$stats-0.0.0.0:2113', ...foreigners(50));
    expect([await right(store.head()), (await right(store.readAll({ after: null, limit: 5 }))).events]).toEqual([
      null,
      [],
    ]);
    const { seen, saw } = follow(store);
    const ours = [];
    for (let n = 0; n < 5; n += 1) {
      const event = someEvent(n);
      ours.push(event);
      await append(store, 'deployment-1', event);
      await append(neighbour.store, 'deployment-1', someEvent());
      await right(snapshots.save('deployment-1', { version: n, schema: 1, state: n }));
      double.plant('deployment-1', ...foreigners(700));
    }

    const all = await right(store.readAll({ after: null, limit: 100 }));
    expect(ids(all.events)).toEqual(ids(ours));
    expect(await right(store.head())).toBe(all.events.at(-1)?.position);
    const some = await right(store.readAll({ after: all.events[1]?.position ?? null, limit: 2 }));
    expect(ids(some.events)).toEqual(ids(ours.slice(2, 4)));
    await saw(5);
    expect(seen).toEqual(all.events);
    expect((await right(neighbour.store.readAll({ after: null, limit: 100 }))).events.length).toBe(5);
  });
});

describe('a subscription', () => {
  test('goes on over connections that drop, misses nothing and gets nothing twice', async () => {
    const { double, store } = await doubled();
    const { seen, saw } = follow(store, () => sleep(1));
    const events = Array.from({ length: 60 }, (_, n) => someEvent(n));
    for (const [n, event] of events.entries()) {
      double.plant('orders', ...foreigners(20));
      // An append that was cut short is sent again, as its caller would.
      while (
        (await store.append({ stream: `deployment-${n % 3}`, expected: 'any', events: [event] })())._tag === 'Left'
      ) {}
      if (n % 10 === 9) double.way.cut();
    }
    await saw(60);
    expect(ids(seen)).toEqual(ids(events));
    expect(double.subscriptions.after.length).toBeGreaterThan(2);
  });

  test.each<Fault>(['busy', 'hang', 'cut-before', 'not-leader'])(
    'outlasts a server that is %s when it comes back',
    async (fault) => {
      const { double, store } = await doubled({ timeoutMs: 600 });
      const { seen, saw } = follow(store);
      await append(store, 'deployment-1', someEvent());
      await saw(1);
      double.faults.subscribe.push(fault, fault);
      double.way.cut();
      await vi.waitFor(() => expect(double.faults.subscribe).toEqual([]), { timeout: 10_000 });
      double.plant('orders', ...foreigners(1));
      while ((await store.append({ stream: 'deployment-1', expected: 0, events: [someEvent()] })())._tag === 'Left') {}
      await saw(2);
      expect(seen.map(({ version }) => version)).toEqual([0, 1]);
    },
  );

  test('that was quiet for hours outlasts it as well, and is not in a hurry', async () => {
    const { double, store } = await doubled();
    const { seen, saw } = follow(store);
    await append(store, 'deployment-1', someEvent());
    await saw(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
    onTestFinished(() => void vi.useRealTimers());
    double.faults.subscribe.push(...Array<Fault>(50).fill('busy'));
    double.way.cut();
    await sleep(700);
    expect(double.calls.subscribe).toBeGreaterThan(2);
    expect(double.calls.subscribe).toBeLessThan(8);
    double.faults.subscribe.splice(0);
    while ((await store.append({ stream: 'deployment-1', expected: 0, events: [someEvent()] })())._tag === 'Left') {}
    await saw(2);
    expect(seen.map(({ version }) => version)).toEqual([0, 1]);
  });

  test('ends when it is refused, also after it ran well', async () => {
    const { double, store } = await doubled();
    const { saw, ended } = follow(store);
    await append(store, 'deployment-1', someEvent());
    await saw(1);
    double.faults.subscribe.push('denied');
    double.way.cut();
    expect(await ended).toMatchObject({ left: { kind: 'permanent', code: 'store/access-denied' } });
  });

  test.each<Fault>(['busy', 'hang', 'cut-before'])('that never began says so: %s', async (fault) => {
    const { double, store } = await doubled({ timeoutMs: 600 });
    double.faults.subscribe.push(fault);
    const { ended } = follow(store);
    expect(await ended).toMatchObject({ left: { kind: 'transient', code: 'store/unavailable' } });
  });

  test('is ended by its signal in the middle of an outage, and by closing', async () => {
    const { double, store, openOne } = await doubled();
    const other = await openOne();
    const [one, two] = [follow(store), follow(other.store)];
    await append(store, 'deployment-1', someEvent());
    await Promise.all([one.saw(1), two.saw(1)]);
    await double.way.refuse();
    await sleep(150);
    expect(await one.end()).toEqual({ _tag: 'Right', right: undefined });
    await other.close();
    expect(await two.ended).toMatchObject({ left: { kind: 'transient', code: 'store/unavailable' } });
  });

  test('hands over what was on its way before it believes how far the server has looked', async () => {
    const { double, store } = await doubled();
    const first = someEvent('first');
    await append(store, 'deployment-1', first);
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const { seen, saw } = follow(store, () => {
      entered.resolve();
      return leave.promise;
    });
    await entered.promise;
    const second = someEvent('second');
    await append(store, 'deployment-1', second);
    // So many that the server says several times how far it is, while the first event is still in hand.
    for (let n = 0; n < 10; n += 1) double.plant('orders', ...foreigners(100));
    await sleep(100);
    double.way.cut();
    leave.resolve();
    await saw(2);
    expect(ids(seen)).toEqual([first.id, second.id]);
  });

  test('has the server look through what is not ours once only', async () => {
    const { double, store } = await doubled();
    const { seen, saw } = follow(store);
    await append(store, 'deployment-1', someEvent());
    await saw(1);
    double.plant('orders', ...foreigners(3000));
    await sleep(200);
    double.way.cut();
    await vi.waitFor(() => expect(double.subscriptions.after.length).toBe(2), { timeout: 5000 });
    const ofOurs = BigInt(seen[0]?.position.split('/')[0] ?? 0);
    expect(double.subscriptions.after[1]).toBeGreaterThan(ofOurs + 100_000n);
    while ((await store.append({ stream: 'deployment-1', expected: 0, events: [someEvent()] })())._tag === 'Left') {}
    await saw(2);
  });

  test('misses nothing when the event that it begins behind was scavenged', async () => {
    const { double, store } = await doubled();
    for (let n = 0; n < 4; n += 1) await append(store, `deployment-${n}`, someEvent(n));
    const { events } = await right(store.readAll({ after: null, limit: 10 }));
    double.log.scavenge(({ stream }) => stream === 'recourse.deployment-1');
    const abort = new AbortController();
    const seen: unknown[] = [];
    await store.subscribe({ after: events[1]?.position ?? null, signal: abort.signal }, async (some) => {
      seen.push(...some.map(({ data }) => data));
      if (seen.length === 2) abort.abort();
    })();
    expect(seen).toEqual([2, 3]);
    expect((await right(store.readAll({ after: events[1]?.position ?? null, limit: 10 }))).events).toEqual(
      events.slice(2),
    );
  });

  test('holds no more than a little in memory for a subscriber that is slow', async () => {
    const { double, store } = await doubled();
    const leave = Promise.withResolvers<void>();
    const { saw, seen } = follow(store, () => leave.promise);
    for (let n = 0; n < 30; n += 1) {
      const [first = someEvent(), ...rest] = Array.from({ length: 10 }, () => someEvent('x'.repeat(50_000)));
      await right(store.append({ stream: `deployment-${n}`, expected: 'no-stream', events: [first, ...rest] }));
    }
    await sleep(300);
    expect(double.subscriptions.sent).toBeLessThan(250);
    leave.resolve();
    await saw(300);
    expect(seen.map(({ version }) => version)).toEqual(Array.from({ length: 300 }, (_, n) => n % 10));
  });
});

describe('positions', () => {
  test.each(['1', '1/2/3', '-1/-1', ' 1/1', '1/1 ', '99999999999999999999/0'])(
    '%j is none of this store',
    async (after) => {
      const { store } = await doubled();
      const invalid = { kind: 'permanent', code: 'store/invalid-position' };
      expect(await left(store.readAll({ after, limit: 1 }))).toMatchObject(invalid);
      const { signal } = new AbortController();
      expect(await left(store.subscribe({ after, signal }, async () => {}))).toMatchObject(invalid);
    },
  );
});
