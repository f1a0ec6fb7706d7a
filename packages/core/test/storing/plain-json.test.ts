/** What comes back from its text as it went in; of anything else it is said where the flaw is, and never its value. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { DEPTH_MAX, flawIn, flawInText, parsed } from '../../src/storing/plain-json.ts';

const secret = 'hunter2';
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throwing = {
  get secret(): never {
    throw new Error(secret);
  },
};
const speaks = { toJSON: () => secret };
class Token {
  value = secret;
}

describe('plain JSON', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['true', true],
    ['false', false],
    ['an empty text', ''],
    ['a text of whole pairs', '😀'],
    ['zero', 0],
    ['the largest number', Number.MAX_VALUE],
    ['an empty list', []],
    ['an empty object', {}],
    ['a list of everything', [null, false, 'a', 1.5, [], {}]],
    ['an object of everything', { a: null, b: false, c: 'a', d: -1, e: [1], f: { g: [{}] } }],
    ['an object that inherits nothing', Object.assign(Object.create(null), { a: 1 })],
    ['an object of another realm', runInNewContext('({ a: [1] })')],
    ['a field called toJSON that says nothing', { toJSON: 'a' }],
    ['as many levels as are allowed', nested(DEPTH_MAX)],
  ])('is %s', (_, value) => {
    expect(flawIn(value, 'data')).toBeNull();
    expect(parsed(JSON.stringify(value))).toEqual(value);
  });

  test('has 64 levels at the most', () => {
    expect(DEPTH_MAX).toBe(64);
    expect(flawIn(nested(65), 'data')).toBe(`data${'[0]'.repeat(33)}[… is nested deeper than 64 levels`);
  });
});

describe('what is not plain JSON is said to be so, and where', () => {
  test.each<[string, unknown, string]>([
    ['a NUL', `${secret}\0`, 'data holds a NUL character'],
    ['half a character', `${secret}\ud800`, 'data holds half of a surrogate pair'],
    ['a NUL in a key', { [`${secret}\0`]: 1 }, 'data has a key that holds a NUL character'],
    ['half a character in a key', { a: { '\udc00': 1 } }, 'data.a has a key that holds half of a surrogate pair'],
    ['not a number', [1, Number.NaN], 'data[1] is not a number that JSON can say'],
    ['no end', { a: [{ b: Number.POSITIVE_INFINITY }] }, 'data.a[0].b is not a number that JSON can say'],
    ['undefined', { a: undefined }, 'data.a is undefined, which JSON cannot say'],
    ['a big number', 1n, 'data is bigint, which JSON cannot say'],
    ['a symbol', Symbol(secret), 'data is symbol, which JSON cannot say'],
    ['a function', { a: () => secret }, 'data.a is function, which JSON cannot say'],
    ['a hole in a list', new Array(3), 'data[0] is undefined, which JSON cannot say'],
    ['a list with fields', Object.assign([1], { secret }), 'data is a list with fields, which JSON cannot say'],
    ['what speaks for itself', [speaks], 'data[0] has a toJSON, which would write something else'],
    ['a date', new Date(0), 'data has a toJSON, which would write something else'],
    ['a list that speaks for itself', Object.assign([], speaks), 'data has a toJSON, which would write something else'],
    ['a map', { a: new Map([[secret, 1]]) }, 'data.a is not a plain object'],
    ['a class of its own', new Token(), 'data is not a plain object'],
    ['an object that inherits', Object.create({ secret }), 'data is not a plain object'],
    ['a getter that throws', { a: throwing }, 'data throws when it is read'],
    ['a proxy that was revoked', revoked(), 'data throws when it is read'],
    ['a field that is wrong behind one that is right', { a: 1, b: [true, '\0'] }, 'data.b[1] holds a NUL character'],
  ])('%s', (_, value, told) => {
    expect(flawIn(value, 'data')).toBe(told);
  });

  test('a circle is nested too deeply', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(flawIn(circle, 'data')).toMatch(/^data(?:\.self){20}… is nested deeper than 64 levels$/);
  });

  test('of a way that is long only the beginning is told', () => {
    const at = (key: string) => flawIn({ [key]: undefined }, 'data');
    expect(at('x'.repeat(99))).toBe(`data.${'x'.repeat(99)} is undefined, which JSON cannot say`);
    expect(at('x'.repeat(100))).toBe(`data.${'x'.repeat(99)}… is undefined, which JSON cannot say`);
  });
});

test('a text is told by its name, and why', () => {
  expect(flawInText('', 'key')).toBeNull();
  expect(flawInText('a\u0001😀', 'key')).toBeNull();
  expect(flawInText('a\0', 'key')).toBe('key holds a NUL character');
  expect(flawInText('\udc00\ud800', 'key')).toBe('key holds half of a surrogate pair');
});
