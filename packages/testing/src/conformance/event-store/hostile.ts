/** What is no plain data, or would not come back as it went in: none of it is written, and none of it is told. */
import type { EventStore, Json, NewEvent } from '@recourse/core';
import { flawIn } from '@recourse/core/storing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { some } from '../../arbitraries/some.ts';
import { left, right } from '../outcome.ts';
import { someEvent, someStream } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

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

/** What looks dangerous and is only data. */
const harmless: readonly (readonly [string, unknown])[] = [
  ['text that is SQL', `'); drop table event; --`],
  ['the root of all objects', JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":1}}')],
  ['64 levels', nested(64)],
  ['what ends a line elsewhere', '\u2028\u2029\u0085\r\n'],
  ['what turns text around', '\u202e'],
  ['keys that are numbers', JSON.parse('{"2":1,"1":2,"-1":3}')],
  ['large and small numbers', [1e308, 5e-324, 2 ** 53, 0.1 + 0.2]],
  ['the longest character', '👩‍👩‍👧‍👦'],
];

const refusal = { kind: 'permanent', code: expect.stringMatching(/^store\/(?:invalid-event|too-large)$/) };

/** Of an append with a good event in front. */
const expectRefused = async (store: EventStore, what: string, bad: NewEvent, stream = someStream()) => {
  const error = await left(store.append({ stream, expected: 'any', events: [someEvent('good'), bad] }));
  expect(error, what).toMatchObject(refusal);
  expect(error.message, what).toContain('nothing was written');
  expect(error.message.length, what).toBeLessThan(300);
  expect(JSON.stringify(error), what).not.toContain(secret);
  expect(await right(store.head()), what).toBeNull();
};

/** Not what the compiler was told. */
const untyped = (value: unknown): Json => value as Json;

export const hostileClauses = (fresh: Fresh): void => {
  test('refuses data that is not plain, and writes nothing of the good event beside it', async () => {
    const { store } = await fresh();
    for (const [what, value] of values) await expectRefused(store, what, someEvent(untyped(value())));
  });

  test('refuses metadata that lacks something, or holds what does not come back', async () => {
    const { store } = await fresh();
    for (const [what, over] of metadata) {
      const event = someEvent();
      await expectRefused(store, what, { ...event, metadata: { ...event.metadata, ...over } });
    }
  });

  test('refuses ids, types, streams and schema versions that are none', async () => {
    const { store } = await fresh();
    for (const [what, name] of names) {
      await expectRefused(store, what, { ...someEvent(), id: name });
      await expectRefused(store, what, { ...someEvent(), type: name });
      await expectRefused(store, what, someEvent(), name);
    }
    await expectRefused(store, "a store's own", someEvent(), '$all');
    for (const schemaVersion of [0.5, Number.NaN, 2 ** 53, '1'])
      await expectRefused(store, String(schemaVersion), Object.assign(someEvent(), { schemaVersion }));
  });

  test('keeps what looks dangerous and is only data', async () => {
    const { store } = await fresh();
    for (const [what, value] of harmless) {
      const stream = someStream();
      await right(store.append({ stream, expected: 'any', events: [someEvent(untyped(value))] }));
      const [found] = (await right(store.read({ stream }))).events;
      expect(JSON.stringify(found?.data), what).toBe(JSON.stringify(value));
      expect(Reflect.get({}, 'admin'), what).toBeUndefined();
    }
  });

  test('whatever is taken comes back as it went in; what is refused is refused in few words', async () => {
    const { store } = await fresh();
    const stream = someStream();
    let version = -1;
    const check = async (data: unknown) => {
      const expected = version === -1 ? 'no-stream' : version;
      const event = someEvent(untyped(data));
      const appended = await store.append({ stream, expected, events: [event] })();
      if (appended._tag === 'Left') {
        expect(appended.left).toMatchObject(refusal);
        expect(appended.left.message.length).toBeLessThan(300);
        return;
      }
      expect(flawIn(event.data, 'data')).toBeNull();
      version += 1;
      const found = (await right(store.read({ stream, from: version }))).events;
      expect(JSON.stringify(found.map((one) => one.data))).toBe(JSON.stringify([event.data]));
    };
    await fc.assert(fc.asyncProperty(fc.oneof(some.junk, fc.jsonValue(), some.hostileText), check), { numRuns: 300 });
    for (const value of some.large) await check(value);
    expect(version).toBeGreaterThan(50);
    expect((await right(store.readAll({ after: null, limit: 10_000 }))).events.length).toBe(version + 1);
  });
};
