/** Following the log. */
import type { EventStore, Position, StoredEvent } from '@recourse/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { left, right } from '../outcome.ts';
import { ids, someEvents, someStream, wholeLog } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

type OnEvents = (events: readonly StoredEvent[]) => Promise<void>;

/** Subscribes, and ends with the test. */
const follow = (store: EventStore, after: Position | null, onEvents: OnEvents = async () => {}) => {
  const abort = new AbortController();
  const seen: StoredEvent[] = [];
  const ended = store.subscribe({ after, signal: abort.signal }, async (events) => {
    seen.push(...events);
    await onEvents(events);
  })();
  const end = async () => {
    abort.abort();
    return ended;
  };
  onTestFinished(async () => void (await end()));
  const saw = (count: number) => vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(count), patience);
  return { seen, saw, end, ended };
};

const patience = { timeout: 30_000, interval: 5 };
const ok = { _tag: 'Right', right: undefined };

const append = (store: EventStore, count = 1, stream = someStream()) =>
  right(store.append({ stream, expected: 'any', events: someEvents(count) }));

export const subscribingClauses = (fresh: Fresh): void => {
  test('hands over what is there, then what comes, and ends with its signal', async () => {
    const { store } = await fresh();
    await append(store, 3);
    const { seen, saw, end } = follow(store, null);
    await saw(3);
    await append(store, 2);
    await saw(5);
    await append(store);
    await saw(6);

    expect(await end()).toEqual(ok);
    await append(store);
    expect(seen).toEqual((await wholeLog(store)).slice(0, 6));
  });

  test('sees what another client appends', async () => {
    const { store, another } = await fresh();
    const { seen, saw } = follow(store, null);
    const other = await another();
    for (let n = 1; n <= 5; n += 1) {
      await append(other);
      await saw(n);
    }
    expect(seen).toEqual(await wholeLog(store));
  });

  test('begins after any position', async () => {
    const { store } = await fresh();
    for (let n = 0; n < 4; n += 1) await append(store, 3);
    const log = await wholeLog(store);
    for (const at of [0, 4, 10]) {
      const { seen, saw, end } = follow(store, log[at]?.position ?? null);
      await saw(log.length - at - 1);
      expect(await end()).toEqual(ok);
      expect(seen).toEqual(log.slice(at + 1));
    }
    const { seen, saw } = follow(store, await right(store.head()));
    await append(store);
    await saw(1);
    expect(seen).toEqual((await wholeLog(store)).slice(-1));
  });

  test('a signal that has aborted before hands over nothing', async () => {
    const { store } = await fresh();
    await append(store, 3);
    const onEvents = vi.fn(async () => {});
    expect(await store.subscribe({ after: null, signal: AbortSignal.abort() }, onEvents)()).toEqual(ok);
    expect(onEvents).not.toHaveBeenCalled();
  });

  test('gives one batch at a time, and none that is empty', async () => {
    const { store } = await fresh();
    let atOnce = 0;
    const widths: number[] = [];
    const sizes: number[] = [];
    const slow: OnEvents = async ({ length }) => {
      widths.push(++atOnce);
      sizes.push(length);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
    };
    const { seen, saw } = follow(store, null, slow);
    await Promise.all(Array.from({ length: 60 }, () => append(store, 2)));
    await saw(120);
    expect(seen).toEqual(await wholeLog(store));
    expect(Math.max(...widths)).toBe(1);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  test('nothing is handed over after the end, not even to a handler that was slow', async () => {
    const { store } = await fresh();
    await append(store, 2);
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const { seen, end } = follow(store, null, async () => {
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    const ending = end();
    await append(store, 2);
    leave.resolve();
    expect(await ending).toEqual(ok);
    const handed = seen.length;
    await append(store, 2);
    expect(seen.length).toBe(handed);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no table'))],
    [
      'throws',
      () => {
        throw new Error('no table');
      },
    ],
  ])('a handler that %s ends it, and gets the same events again', async (_, fail) => {
    const { store } = await fresh();
    await append(store, 5);
    const first: StoredEvent[] = [];
    const subscription = store.subscribe({ after: null, signal: new AbortController().signal }, (events) => {
      first.push(...events);
      return fail();
    });
    const error = await left(subscription);
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/subscriber-failed' });
    expect(error.message).toContain('no table');

    const { seen, saw } = follow(store, null);
    await saw(5);
    expect(seen.slice(0, first.length)).toEqual(first);
  });

  test('one that fails in the middle goes on from where it was, and misses nothing', async () => {
    const { store, another } = await fresh();
    const writing = (async () => {
      for (let n = 0; n < 60; n += 1) await append(n % 2 ? store : await another());
    })();
    const handled: StoredEvent[] = [];
    let batches = 0;
    while (handled.length < 60) {
      const abort = new AbortController();
      const after = handled.at(-1)?.position ?? null;
      await (await another()).subscribe({ after, signal: abort.signal }, async (events) => {
        batches += 1;
        if (batches % 3 === 0) throw new Error('interrupted before it was written down');
        handled.push(...events);
        if (handled.length >= 60) abort.abort();
      })();
    }
    await writing;
    expect(handled).toEqual(await wholeLog(store));
  });

  test('one that starts in the middle and is restarted again and again hears all that many writers append', async () => {
    const { store, another } = await fresh();
    const clients = [store, await another(), await another(), await another()];
    const clientOf = (n: number) => clients[n % clients.length] ?? store;
    await append(store, 6);
    const middle = (await wholeLog(store))[2]?.position ?? null;
    const shared = someStream();
    const write = async (_: unknown, writer: number) => {
      for (let n = 0; n < 20; n += 1) await append(clientOf(writer), 2, n % 2 ? shared : someStream());
    };
    const writing = Promise.all(Array.from({ length: 8 }, write));

    const handled: StoredEvent[] = [];
    const everything = 6 - 3 + 8 * 20 * 2;
    for (let turn = 0; handled.length < everything; turn += 1) {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), 20);
      const after = handled.at(-1)?.position ?? middle;
      const subscription = clientOf(turn).subscribe({ after, signal: abort.signal }, async (events) => {
        handled.push(...events);
        if (handled.length % 3 === 0) abort.abort();
      });
      await right(subscription);
      clearTimeout(timer);
    }
    await writing;
    expect(handled).toEqual((await wholeLog(store)).slice(3));
  });

  test('two subscribers hear everything, one slow and one fast', async () => {
    const { store } = await fresh();
    const slow = follow(store, null, () => new Promise((resolve) => setTimeout(resolve, 3)));
    const fast = follow(store, null);
    const stream = someStream();
    for (let n = 0; n < 40; n += 1) await append(store, 1, n % 2 ? stream : someStream());
    await Promise.all([slow.saw(40), fast.saw(40)]);
    expect(ids(slow.seen)).toEqual(ids(await wholeLog(store)));
    expect(fast.seen).toEqual(slow.seen);
  });
};
