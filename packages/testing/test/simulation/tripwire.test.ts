import { describe, expect, test } from 'vitest';
import { withTripwire } from '../../src/simulation/tripwire.ts';

/** Code as if it stood in that file. */
const codeIn = (file: string, expression: string): (() => unknown) => {
  const made: unknown = new Function(`return () => ${expression};\n//# sourceURL=/somewhere/packages/${file}`)();
  if (typeof made !== 'function') throw new Error('no function');
  return () => made();
};

const reaching = [
  'Date.now()',
  'new Date()',
  'Math.random()',
  'performance.now()',
  'crypto.randomUUID()',
  'setTimeout(() => undefined, 0)',
  'setInterval(() => undefined, 1e9)',
  'fetch("http://127.0.0.1:1")',
];

describe('the tripwire', () => {
  test.each(reaching)('stops %s in the library', async (expression) => {
    for (const file of ['core/src/x.ts', 'engine/src/perform/x.ts', 'testing/src/simulation/x.ts']) {
      const reach = codeIn(file, expression);
      await withTripwire(async () => expect(reach).toThrow('in a simulated world'));
    }
  });

  test('lets arithmetic on dates and everybody else through', async () => {
    await withTripwire(async () => {
      expect(codeIn('core/src/x.ts', 'new Date(0).toISOString()')()).toBe('1970-01-01T00:00:00.000Z');
      expect(codeIn('elsewhere/src/x.ts', 'Date.now()')()).toBeTypeOf('number');
      expect(Date.now()).toBeGreaterThan(0);
      expect(new Date()).toBeInstanceOf(Date);
    });
  });

  test('is gone afterwards, also when two worlds ran at once or one failed', async () => {
    const { now } = Date;
    await Promise.all([withTripwire(async () => undefined), withTripwire(async () => undefined)]);
    await expect(withTripwire(async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(Date.now).toBe(now);
    expect(codeIn('core/src/x.ts', 'Date.now()')()).toBeTypeOf('number');
  });
});
