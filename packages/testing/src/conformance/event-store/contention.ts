/** Many at once. */
import { type EventStore, isWrongExpectedVersion } from '@recourse/core';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { expect, test } from 'vitest';
import { right } from '../outcome.ts';
import { ids, someEvent, someEvents, someStream, wholeLog } from './sample-events.ts';
import type { EventStoreUnderTest, Fresh } from './under-test.ts';

type Request = Parameters<EventStore['append']>[0];

/** All at once, by turns through two clients. */
const atOnce = async ({ store, another }: EventStoreUnderTest, requests: readonly Request[]) => {
  const other = await another();
  return Promise.all(requests.map((request, i) => (i % 2 ? other : store).append(request)()));
};

const rights = (outcomes: Awaited<ReturnType<typeof atOnce>>) =>
  outcomes.filter(isRight).map(({ right: appended }) => appended);

export const contentionClauses = (fresh: Fresh): void => {
  test('40 appends that expect nothing are all kept, one after the other', async () => {
    const underTest = await fresh();
    const stream = someStream();
    const requests = Array.from({ length: 40 }, () => ({ stream, expected: 'any', events: someEvents(2) }) as const);

    const versions = rights(await atOnce(underTest, requests)).map(({ version }) => version);

    expect([...versions].sort((a, b) => a - b)).toEqual(requests.map((_, i) => 2 * i + 1));
    const { events } = await right(underTest.store.read({ stream }));
    expect(new Set(ids(events))).toEqual(new Set(requests.flatMap((request) => ids(request.events))));
    expect(events.length).toBe(80);
  });

  test.each(['no-stream', 4] as const)('of 40 appends that expect %s one wins', async (expected) => {
    const underTest = await fresh();
    const stream = someStream();
    const before = expected === 'no-stream' ? 0 : expected + 1;
    if (before > 0) {
      await right(underTest.store.append({ stream, expected: 'no-stream', events: someEvents(before) }));
    }
    const requests = Array.from({ length: 40 }, () => ({ stream, expected, events: someEvents(2) }) as const);

    const outcomes = await atOnce(underTest, requests);

    expect(rights(outcomes)).toMatchObject([{ version: before + 1, deduplicated: false }]);
    for (const outcome of outcomes.filter(isLeft)) {
      expect(isWrongExpectedVersion(outcome.left)).toBe(true);
      expect(outcome.left).toMatchObject({ actual: before + 1, expected, stream });
    }
    expect((await right(underTest.store.read({ stream }))).events.length).toBe(before + 2);
  });

  test.each(['any', 'no-stream'] as const)('20 identical appends that expect %s are one', async (expected) => {
    const underTest = await fresh();
    const stream = someStream();
    const request = { stream, expected, events: someEvents(3) } as const;

    const appended = rights(await atOnce(underTest, Array(20).fill(request)));

    const stored = await wholeLog(underTest.store);
    expect(ids(stored)).toEqual(ids(request.events));
    expect(appended.filter(({ deduplicated }) => !deduplicated).length).toBe(1);
    for (const { version, position } of appended) {
      expect([version, position]).toEqual([2, stored[2]?.position]);
    }
    expect(appended.length).toBe(20);
  });

  test('appends to many streams do not hinder each other', async () => {
    const underTest = await fresh();
    const requests = Array.from({ length: 40 }, () => {
      return { stream: someStream(), expected: 'no-stream', events: someEvents(2) } as const;
    });
    const appended = rights(await atOnce(underTest, requests));
    expect(appended.map(({ version }) => version)).toEqual(Array(40).fill(1));
    expect((await wholeLog(underTest.store)).length).toBe(80);
  });

  test('a refused append among others leaves nothing', async () => {
    const underTest = await fresh();
    const stream = someStream();
    const bad = { stream, expected: 'any', events: [...someEvents(3), someEvent('\0')] } as const;
    const torn = { ...bad, events: [bad.events[0], ...bad.events.slice(1)] } as const;
    const good = { stream, expected: 'any', events: someEvents(1) } as const;

    const outcomes = await atOnce(underTest, [torn, good, torn, torn]);

    expect(outcomes.map(isRight)).toEqual([false, true, false, false]);
    expect(ids(await wholeLog(underTest.store))).toEqual(ids(good.events));
  });
};
