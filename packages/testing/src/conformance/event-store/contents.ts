/** What goes in comes out just as it was, or is refused before. */
import type { Json, NewEvent } from '@recourse/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { left, right } from '../outcome.ts';
import { someEvent, someStream, wholeLog } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

const nested = (depth: number): Json =>
  depth === 0 ? 'core' : depth % 2 ? [nested(depth - 1)] : { in: nested(depth - 1) };

/** As text, so that what JavaScript writes differently in a program is what a payload would hold. */
const payloads: readonly (readonly [string, Json])[] = [
  ['null', null],
  ['an empty string', ''],
  ['numbers', [0, -0, 0.1, 1e21, 1e-7, 2 ** 53 - 1, -(2 ** 53 - 1), Number.MAX_VALUE, Number.MIN_VALUE]],
  ['line separators', 'a\u2028b\u2029c\r\n\t\u0001\u007f\u0085\ufeff'],
  ['all sorts of letters', 'ñ n\u0303 ß İ ı 漢字 עברית 👩‍👩‍👧 \u{10ffff} \uffff \ufffd'],
  ['quotes', `'; drop table event; -- " \\ \\u0000 \\ud800 %s $1 ?1 :a @b {{x}}`],
  ['key order', JSON.parse('{"b":1,"a":2,"2":3,"1":4,"B":5,"":6," ":7}')],
  ['dangerous keys', JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":2}')],
  ['nested sixty deep', nested(60)],
  ['one megabyte', { log: 'x'.repeat(500_000) + 'é'.repeat(250_000 - 100) }],
];

const lone = '\ud83d';
/** Not JSON, whatever the compiler was told. */
const unsayable = (value: unknown): Json => value as Json;

const refusals: readonly (readonly [string, string, Partial<NewEvent>])[] = [
  ['a NUL', 'data', { data: { log: 'a\0b' } }],
  ['a NUL in a key', 'data', { data: { 'a\0b': 1 } }],
  ['half a character', 'data', { data: ['fine', { deep: `cut ${lone}` }] }],
  ['half a character in a key', 'data', { data: { [lone]: 1 } }],
  ['not a number', 'data', { data: [Number.NaN] }],
  ['infinity', 'data', { data: { size: Number.POSITIVE_INFINITY } }],
  ['nothing', 'data', { data: unsayable(undefined) }],
  ['nothing inside', 'data', { data: unsayable({ at: undefined }) }],
  ['a big integer', 'data', { data: unsayable({ n: 10n }) }],
  ['a date', 'data', { data: unsayable({ at: new Date(0) }) }],
  ['a function', 'data', { data: unsayable({ f: () => 1 }) }],
  ['a NUL in the type', 'type', { type: 'Step\0Started' }],
  ['an empty type', 'type', { type: '' }],
  ['an empty id', 'id', { id: '' }],
  ['half a character in the actor', 'metadata', { metadata: { ...someEvent().metadata, actor: lone } }],
];

const streamRefusals: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['of the store', '$all'],
  ['too long', 'x'.repeat(256)],
  ['with a NUL', 'deployment-\0'],
  ['with half a character', `deployment-${lone}`],
];

const streams: readonly string[] = [
  'deployment-1',
  'Deployment-1',
  'deployment-1 ',
  ' deployment-1',
  'deployment_1',
  'deployment-%',
  'deployment-*',
  `deployment-'"\\`,
  'deployment-; drop table event',
  'deployment-ñ',
  'deployment-n\u0303',
  'deployment-👩‍👩‍👧',
  'deployment-a/b?c#d',
  'x'.repeat(255),
  `${'x'.repeat(254)}y`,
];

export const contentClauses = (fresh: Fresh): void => {
  test.each(payloads)('keeps %s', async (_, data) => {
    const { store } = await fresh();
    const stream = someStream();
    const event = someEvent(data);
    await right(store.append({ stream, expected: 'no-stream', events: [event] }));

    const { events } = await right(store.read({ stream }));
    expect(JSON.stringify(events[0]?.data)).toBe(JSON.stringify(data));
    expect(events[0]).toEqual({ ...event, data: JSON.parse(JSON.stringify(data)), ...where(events[0]) });
    expect(await wholeLog(store)).toEqual(events);
  });

  test('keeps any JSON', async () => {
    const { store } = await fresh();
    const json = fc
      .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
      .map((value): Json => JSON.parse(JSON.stringify(value)));
    const withoutNul = json.filter((value) => !JSON.stringify(value).includes('\\u0000'));
    await fc.assert(
      fc.asyncProperty(withoutNul, async (data) => {
        const stream = someStream();
        await right(store.append({ stream, expected: 'no-stream', events: [someEvent(data)] }));
        const { events } = await right(store.read({ stream }));
        expect(JSON.stringify(events[0]?.data)).toBe(JSON.stringify(data));
      }),
      { numRuns: 50 },
    );
  });

  test('gives payloads that touch nothing but themselves', async () => {
    const { store } = await fresh();
    const stream = someStream();
    const data: Json = JSON.parse('{"__proto__":{"admin":true}}');
    await right(store.append({ stream, expected: 'no-stream', events: [someEvent(data)] }));
    const { events } = await right(store.read({ stream }));
    expect(Object.keys(Object(events[0]?.data))).toEqual(['__proto__']);
    expect(Reflect.get(Object(events[0]?.data), 'admin')).toBeUndefined();
  });

  test.each(refusals)('refuses %s, naming the %s', async (_, field, part) => {
    const { store } = await fresh();
    const events = [someEvent(), { ...someEvent(), ...part }] as const;
    const error = await left(store.append({ stream: someStream(), expected: 'any', events }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/invalid-event' });
    expect(error.message).toContain(field);
    expect(await right(store.head())).toBeNull();
  });

  test('refuses the same id twice in one append', async () => {
    const { store } = await fresh();
    const event = someEvent();
    const error = await left(store.append({ stream: someStream(), expected: 'any', events: [event, event] }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/invalid-event' });
    expect(await right(store.head())).toBeNull();
  });

  test.each(streamRefusals)('refuses a stream id that is %s', async (_, stream) => {
    const { store } = await fresh();
    const error = await left(store.append({ stream, expected: 'any', events: [someEvent()] }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/invalid-event' });
    expect(error.message).toContain('stream');
    expect(await right(store.head())).toBeNull();
  });

  test('refuses an event beyond its limit, and tells it', async () => {
    const { store } = await fresh();
    const events = [someEvent(), someEvent('x'.repeat(20_000_000))] as const;
    const error = await left(store.append({ stream: someStream(), expected: 'any', events }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/too-large' });
    expect(error.message).toMatch(/\d/);
    expect(await right(store.head())).toBeNull();
  });

  test('keeps streams apart whose ids look alike', async () => {
    const { store } = await fresh();
    for (const stream of streams) {
      expect(await right(store.append({ stream, expected: 'no-stream', events: [someEvent(stream)] }))).toMatchObject({
        version: 0,
      });
    }
    for (const stream of streams) {
      const { version, events } = await right(store.read({ stream }));
      expect([version, events.map(({ data }) => data), events[0]?.stream]).toEqual([0, [stream], stream]);
    }
  });
};

const where = (event: object | undefined) => ({
  stream: Reflect.get(Object(event), 'stream'),
  version: 0,
  position: expect.any(String),
});
