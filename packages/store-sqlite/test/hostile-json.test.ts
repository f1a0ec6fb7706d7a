/** What is no plain data, or would not come back as it went in: none of it is written, and none of it is told. */
import type { Json, NewEvent } from '@recourse/core';
import { left, right } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import { fresh, someEvent } from './sample.ts';

/** Stands in everything that must not be told. */
const secret = 'hunter2';
const circle: Record<string, unknown> = { secret };
circle['self'] = circle;
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

const values: readonly (readonly [string, () => unknown])[] = [
  ['a NUL', () => `${secret}\0`],
  ['a NUL in a key', () => ({ [`${secret}\0`]: 1 })],
  ['half a character', () => `${secret}\ud800`],
  ['half a character in a key', () => ({ [`${secret}\udc00`]: 1 })],
  ['two halves in the wrong order', () => '\udc00\ud800'],
  ['a field that is undefined', () => ({ a: undefined })],
  ['a hole in a list', () => new Array(3)],
  ['not a number', () => Number.NaN],
  ['no end', () => Number.POSITIVE_INFINITY],
  ['a big number', () => 1n],
  ['a symbol', () => Symbol(secret)],
  ['a function', () => () => secret],
  ['a date', () => new Date(0)],
  ['a map', () => new Map([[secret, secret]])],
  ['a set', () => new Set([secret])],
  ['bytes', () => Buffer.from(secret)],
  ['an error', () => new Error(secret)],
  ['a promise', () => Promise.resolve(secret)],
  ['a boxed text', () => new String(secret)],
  ['a boxed number', () => new Number(1)],
  [
    'a class of its own',
    () =>
      new (class Token {
        value = secret;
      })(),
  ],
  ['an object that inherits', () => Object.create({ secret })],
  ['an object that speaks for itself', () => ({ toJSON: () => secret })],
  ['an object that inherits a voice', () => Object.create({ toJSON: () => secret })],
  ['a list that speaks for itself', () => Object.assign([1], { toJSON: () => secret })],
  ['a list with fields', () => Object.assign([1], { secret })],
  [
    'a getter that throws',
    () => ({
      get secret() {
        throw new Error(secret);
      },
    }),
  ],
  [
    'a proxy that was revoked',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
  ['a circle', () => circle],
  ['65 levels', () => nested(65)],
  ['10,000 levels', () => nested(10_000)],
  ['100,000 levels', () => nested(100_000)],
  ['more than a mebibyte', () => secret.repeat(200_000)],
  [
    'more than a mebibyte of keys',
    () => Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`${secret}-${n}-xxxxxxxxx`, n])),
  ],
];

const metadata: readonly (readonly [string, object])[] = [
  ['no time', { recordedAt: undefined }],
  ['half a time', { recordedAt: 0.5 }],
  ['no actor', { actor: undefined }],
  ['an actor with a NUL', { actor: `${secret}\0` }],
  ['an actor of half a character', { actor: '\ud800' }],
  ['a cause that is a list', { causationId: ['a'] }],
];

const names: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['256 characters', 'x'.repeat(256)],
  ['a megabyte', secret.repeat(150_000)],
  ['a NUL', `${secret}\0`],
  ['half a character', `${secret}\ud800`],
];

const expectNothingWritten = async (events: (good: NewEvent) => readonly NewEvent[], stream = 'deployment-1') => {
  const { sqlite, outside } = await fresh();
  const batch = events(someEvent('good')) as readonly [NewEvent, ...NewEvent[]];
  const error = await left(sqlite.store.append({ stream, expected: 'any', events: batch }));
  expect(error).toMatchObject({
    kind: 'permanent',
    code: expect.stringMatching(/^store\/(?:invalid-event|too-large)$/),
  });
  expect(error.message).toContain('nothing was written');
  expect(error.message.length).toBeLessThan(300);
  expect(JSON.stringify(error)).not.toContain(secret);
  expect(outside.prepare('select count(*) as events from event').get()).toEqual({ events: 0 });
  expect(await right(sqlite.store.head())).toBeNull();
};

describe('an event', () => {
  test.each(values)('with %s is refused, and the good one beside it is not written either', async (_, value) => {
    await expectNothingWritten((good) => [good, someEvent(value() as Json)]);
  });

  test.each(metadata)('whose metadata has %s is refused', async (_, over) => {
    const event = someEvent();
    await expectNothingWritten((good) => [good, { ...event, metadata: { ...event.metadata, ...over } } as NewEvent]);
  });

  test.each(names)('whose id is %s is refused', async (_, id) => {
    await expectNothingWritten((good) => [good, { ...someEvent(), id }]);
  });

  test.each(names)('whose type is %s is refused', async (_, type) => {
    await expectNothingWritten((good) => [good, { ...someEvent(), type }]);
  });

  test.each([...names, ["a store's own", '$all']] as const)('in a stream called %s is refused', async (_, stream) => {
    await expectNothingWritten((good) => [good], stream);
  });

  test.each([0.5, Number.NaN, 2 ** 53, '1'])('of schema version %j is refused', async (schemaVersion) => {
    await expectNothingWritten((good) => [good, { ...someEvent(), schemaVersion: schemaVersion as number }]);
  });
});

describe('what looks dangerous and is only data', () => {
  test.each([
    ['text that is SQL', `'); drop table event; --`],
    ['the root of all objects', JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":1}}')],
    ['64 levels', nested(64)],
    ['what ends a line elsewhere', '\u2028\u2029\u0085\r\n'],
    ['what turns text around', '\u202e'],
    ['keys that are numbers', JSON.parse('{"2":1,"1":2,"-1":3}')],
    ['large and small numbers', [1e308, 5e-324, 2 ** 53, 0.1 + 0.2]],
    ['the longest character', '👩‍👩‍👧‍👦'],
  ] as const)('%s comes back as it went in', async (_, value) => {
    const { sqlite } = await fresh();
    await right(sqlite.store.append({ stream: 'deployment-1', expected: 'any', events: [someEvent(value)] }));
    const [found] = (await right(sqlite.store.read({ stream: 'deployment-1' }))).events;
    expect(JSON.stringify(found?.data)).toBe(JSON.stringify(value));
    expect(Reflect.get({}, 'admin')).toBeUndefined();
  });
});
