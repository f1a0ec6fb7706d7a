import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Length } from '../../src/storing/plain-json.ts';

test('the length in UTF-8 is what an encoder makes of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
    { numRuns: 2_000, examples: [['a'], ['\u007f'], ['\u0080'], ['é'], ['߿'], ['ࠀ'], ['€'], ['😀'], ['']] },
  );
});
