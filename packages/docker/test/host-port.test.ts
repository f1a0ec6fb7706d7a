import fc from 'fast-check';
import { expect, test } from 'vitest';
import { choosePort } from '../src/host-port.ts';

test('every port of the range is given out once, then none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.string(), (count, key) => {
      const range = { from: 20_000, to: 20_000 + count - 1 };
      const taken = new Set<number>();
      for (let i = 0; i < count; i++) {
        const port = choosePort(range, key, taken);
        if (port === null) throw new Error('none left too early');
        expect(port).toBeGreaterThanOrEqual(range.from);
        expect(port).toBeLessThanOrEqual(range.to);
        expect(taken.has(port)).toBe(false);
        taken.add(port);
      }
      expect(choosePort(range, key, taken)).toBeNull();
    }),
  );
});

test('the same key begins at the same port, other keys elsewhere', () => {
  const range = { from: 20_000, to: 29_999 };
  const first = (key: string) => choosePort(range, key, new Set());
  expect(first('a')).toBe(first('a'));
  expect(new Set(['a', 'b', 'c', 'd'].map(first)).size).toBeGreaterThan(1);
});
