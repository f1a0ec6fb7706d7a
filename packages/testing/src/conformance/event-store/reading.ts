/** Reading one stream and reading all of them. */
import { expect, test } from 'vitest';
import { left, right } from '../outcome.ts';
import { ids, someEvents, someStream, wholeLog } from './sample-events.ts';
import type { EventStoreUnderTest, Fresh } from './under-test.ts';

/** A stream of ten events, versions 0 to 9, among others. */
const withTen = async ({ store }: EventStoreUnderTest) => {
  const stream = someStream();
  const events = someEvents(10);
  await right(store.append({ stream: someStream(), expected: 'any', events: someEvents(3) }));
  await right(store.append({ stream, expected: 'no-stream', events }));
  await right(store.append({ stream: someStream(), expected: 'any', events: someEvents(3) }));
  return { stream, events };
};

const up = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const down = [...up].reverse();
const windows = [
  { request: {}, versions: up },
  { request: { from: 0 }, versions: up },
  { request: { from: 4 }, versions: [4, 5, 6, 7, 8, 9] },
  { request: { from: 4, limit: 3 }, versions: [4, 5, 6] },
  { request: { from: 9 }, versions: [9] },
  { request: { from: 9, limit: 100 }, versions: [9] },
  { request: { from: 10 }, versions: [] },
  { request: { from: 1_000_000 }, versions: [] },
  { request: { limit: 1 }, versions: [0] },
  { request: { direction: 'forwards', limit: 10 }, versions: up },
  { request: { direction: 'backwards' }, versions: down },
  { request: { direction: 'backwards', limit: 1 }, versions: [9] },
  { request: { direction: 'backwards', from: 3 }, versions: [3, 2, 1, 0] },
  { request: { direction: 'backwards', from: 3, limit: 2 }, versions: [3, 2] },
  { request: { direction: 'backwards', from: 0 }, versions: [0] },
  { request: { direction: 'backwards', from: 9 }, versions: down },
  { request: { direction: 'backwards', from: 1_000_000, limit: 2 }, versions: [9, 8] },
] as const;

export const readingClauses = (fresh: Fresh): void => {
  test.each(windows)('reads $request of ten events', async ({ request, versions }) => {
    const underTest = await fresh();
    const { stream, events } = await withTen(underTest);
    const answer = await right(underTest.store.read({ stream, ...request }));
    expect(answer.version).toBe(9);
    expect(answer.events.map(({ version }) => version)).toEqual(versions);
    expect(ids(answer.events)).toEqual(versions.map((version) => events[version]?.id));
  });

  test.each(['forwards', 'backwards'] as const)('a stream that is not there is an answer, %s', async (direction) => {
    const { store } = await fresh();
    const stream = someStream();
    expect(await right(store.read({ stream, direction }))).toEqual({ version: null, events: [] });
    expect(await right(store.read({ stream, direction, from: 3, limit: 5 }))).toEqual({ version: null, events: [] });
  });

  test('an empty store has no newest event and nothing to read', async () => {
    const { store } = await fresh();
    expect(await right(store.head())).toBeNull();
    expect(await right(store.readAll({ after: null, limit: 10 }))).toEqual({ events: [], next: null });
  });

  test('pages join to the whole log, whatever their size, and the last one leads back to itself', async () => {
    const underTest = await fresh();
    await withTen(underTest);
    const { store } = underTest;
    const { events: all } = await right(store.readAll({ after: null, limit: 100 }));
    expect(all.length).toBe(16);
    for (const pageSize of [1, 3, 16, 100]) expect(await wholeLog(store, pageSize)).toEqual(all);

    const head = await right(store.head());
    expect(head).toBe(all.at(-1)?.position);
    expect(await right(store.readAll({ after: head, limit: 10 }))).toEqual({ events: [], next: head });
    expect((await right(store.readAll({ after: null, limit: 5 }))).next).toBe(all[4]?.position);
  });

  test('reading goes on after any event', async () => {
    const underTest = await fresh();
    await withTen(underTest);
    const all = await wholeLog(underTest.store);
    for (const [i, { position }] of all.entries()) {
      const { events } = await right(underTest.store.readAll({ after: position, limit: 100 }));
      expect(events).toEqual(all.slice(i + 1));
    }
  });

  test('what was never a position is refused, and not taken for the beginning', async () => {
    const underTest = await fresh();
    await withTen(underTest);
    for (const after of ['', 'nonsense', '-1', '1; drop table event']) {
      expect(await left(underTest.store.readAll({ after, limit: 10 }))).toMatchObject({ kind: 'permanent' });
    }
  });

  test('order holds over many appends to many streams', async () => {
    const { store, another } = await fresh();
    const streams = Array.from({ length: 10 }, someStream);
    const written: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (const stream of streams) {
        const events = someEvents(1 + ((round + written.length) % 4));
        await right(store.append({ stream, expected: 'any', events }));
        written.push(...ids(events));
      }
    }
    const log = await wholeLog(await another());
    expect(ids(log)).toEqual(written);
    for (const stream of streams) {
      const { events } = await right(store.read({ stream }));
      expect(events).toEqual(log.filter((event) => event.stream === stream));
      expect(events.map(({ version }) => version)).toEqual(events.map((_, i) => i));
    }
  });

  test('a writer reads its own writes at once, and so does another client', async () => {
    const { store, another } = await fresh();
    const other = await another();
    const stream = someStream();
    for (let version = 0; version < 20; version += 1) {
      const { position } = await right(store.append({ stream, expected: 'any', events: someEvents(1) }));
      expect((await right(store.read({ stream }))).version).toBe(version);
      expect((await right(other.read({ stream }))).version).toBe(version);
      expect(await right(other.head())).toBe(position);
    }
  });
};
