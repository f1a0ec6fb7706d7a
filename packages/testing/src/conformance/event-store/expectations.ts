/** Who may append: what is expected of a stream against what it is, and what a repetition is answered. */
import type { ExpectedVersion, NewEvent } from '@recourse/core';
import { expect, test } from 'vitest';
import { left, right } from '../outcome.ts';
import { ids, someEvent, someEvents, someStream, wholeLog } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

type Row = Readonly<{ expected: ExpectedVersion; there: boolean; allowed: boolean }>;

/** A stream that is there has three events: its version is 2. */
const rows: readonly Row[] = [
  { expected: 'any', there: false, allowed: true },
  { expected: 'no-stream', there: false, allowed: true },
  { expected: 'stream-exists', there: false, allowed: false },
  { expected: 0, there: false, allowed: false },
  { expected: 2, there: false, allowed: false },
  { expected: 'any', there: true, allowed: true },
  { expected: 'no-stream', there: true, allowed: false },
  { expected: 'stream-exists', there: true, allowed: true },
  { expected: 0, there: true, allowed: false },
  { expected: 1, there: true, allowed: false },
  { expected: 2, there: true, allowed: true },
  { expected: 3, there: true, allowed: false },
  { expected: 1000, there: true, allowed: false },
];

type Repetition = Readonly<{ expected: ExpectedVersion; events: string; first: number | null }>;

/** By letter: a, b and c are the stream's events 0, 1 and 2, x is new. `first`: where it was found, null if refused. */
const repetitions: readonly Repetition[] = [
  { expected: 'no-stream', events: 'a', first: 0 },
  { expected: 'no-stream', events: 'ab', first: 0 },
  { expected: 'no-stream', events: 'abc', first: 0 },
  { expected: 'no-stream', events: 'b', first: null },
  { expected: 'no-stream', events: 'ax', first: null },
  { expected: 'no-stream', events: 'xa', first: null },
  { expected: 'no-stream', events: 'abcx', first: null },
  { expected: 'no-stream', events: 'ba', first: null },
  { expected: 0, events: 'b', first: 1 },
  { expected: 0, events: 'bc', first: 1 },
  { expected: 0, events: 'c', first: null },
  { expected: 0, events: 'bx', first: null },
  { expected: 0, events: 'bcx', first: null },
  { expected: 1, events: 'c', first: 2 },
  { expected: 1, events: 'cx', first: null },
  { expected: 3, events: 'a', first: null },
  { expected: 'any', events: 'a', first: 0 },
  { expected: 'any', events: 'bc', first: 1 },
  { expected: 'any', events: 'abc', first: 0 },
  { expected: 'any', events: 'cx', first: null },
  { expected: 'stream-exists', events: 'ab', first: 0 },
  { expected: 'stream-exists', events: 'c', first: 2 },
  { expected: 'stream-exists', events: 'ax', first: null },
];

export const expectationClauses = (fresh: Fresh): void => {
  test.each(rows)('expecting $expected, a stream that is there ($there): allowed $allowed', async (row) => {
    const { store } = await fresh();
    const stream = someStream();
    await right(store.append({ stream: someStream(), expected: 'any', events: [someEvent()] }));
    if (row.there) await right(store.append({ stream, expected: 'no-stream', events: someEvents(3) }));
    const before = await wholeLog(store);
    const actual = row.there ? 2 : null;
    const append = store.append({ stream, expected: row.expected, events: someEvents(2) });

    if (row.allowed) {
      expect(await right(append)).toMatchObject({ version: (actual ?? -1) + 2, deduplicated: false });
      return;
    }
    const error = { code: 'store/wrong-expected-version', kind: 'permanent', stream, expected: row.expected, actual };
    expect(await left(append)).toMatchObject(error);
    expect(await wholeLog(store)).toEqual(before);
  });

  test.each(repetitions)('expecting $expected, $events after abc: found at $first', async (row) => {
    const { store, another } = await fresh();
    const stream = someStream();
    const [a, b, c] = [someEvent('a'), someEvent('b'), someEvent('c')];
    await right(store.append({ stream, expected: 'no-stream', events: [a, b, c] }));
    const before = await wholeLog(store);
    const known = new Map([...'abc'].map((letter, i) => [letter, [a, b, c][i]]));
    const [head, ...tail] = [...row.events].map((letter) => known.get(letter) ?? someEvent('x'));
    const events: [NewEvent, ...NewEvent[]] = [head ?? someEvent(), ...tail];
    const append = (await another()).append({ stream, expected: row.expected, events });

    if (row.first === null) {
      expect(await left(append)).toMatchObject({ code: 'store/wrong-expected-version', actual: 2 });
    } else {
      const version = row.first + row.events.length - 1;
      expect(await right(append)).toEqual({ version, position: before[version]?.position, deduplicated: true });
    }
    expect(await wholeLog(store)).toEqual(before);
  });

  test('an append whose answer was lost is found again, also after later ones', async () => {
    const { store, another } = await fresh();
    const stream = someStream();
    const request = { stream, expected: 'no-stream', events: someEvents(2) } as const;
    const first = await right(store.append(request));
    await right(store.append({ stream, expected: 1, events: someEvents(3) }));

    const again = await right((await another()).append(request));

    expect(again).toEqual({ ...first, deduplicated: true });
    expect((await right(store.read({ stream }))).version).toBe(4);
  });

  test('an id is known in its own stream only', async () => {
    const { store } = await fresh();
    const event = someEvent();
    await right(store.append({ stream: someStream(), expected: 'any', events: [event] }));
    const elsewhere = await right(store.append({ stream: someStream(), expected: 'any', events: [event] }));
    expect(elsewhere).toMatchObject({ version: 0, deduplicated: false });
  });

  test.each([1, 2, 100])('%d events at once get versions in a row, and the last one is told', async (count) => {
    const { store } = await fresh();
    const stream = someStream();
    await right(store.append({ stream, expected: 'no-stream', events: someEvents(1) }));
    const events = someEvents(count);

    const appended = await right(store.append({ stream, expected: 0, events }));

    const stored = await right(store.read({ stream, from: 1 }));
    expect(ids(stored.events)).toEqual(ids(events));
    expect(stored.events.map(({ version }) => version)).toEqual(events.map((_, i) => i + 1));
    expect(appended).toEqual({ version: count, position: stored.events.at(-1)?.position, deduplicated: false });
  });
};
