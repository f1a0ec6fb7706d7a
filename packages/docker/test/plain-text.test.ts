import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText } from '../src/plain-text.ts';

test.each([
  ['\u001B[1;31mred\u001B[0m', 'red'],
  ['\u001B[2K\u001B[1Gdone', 'done'],
  ['\u001B]0;title\u0007text', 'text'],
  ['a\u0000b\tc\r\n', 'a b c'],
  ['grüße 🎉', 'grüße 🎉'],
])('%j is shown as %j', (text, shown) => {
  expect(plainText(text, 100)).toBe(shown);
});

test('whatever is printed can be stored', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(50), (text, max) => {
      const shown = plainText(text, max);
      expect(shown.isWellFormed()).toBe(true);
      expect(shown).not.toMatch(/\p{Cc}/u);
      expect(shown.length).toBeLessThanOrEqual(max);
    }),
  );
});
