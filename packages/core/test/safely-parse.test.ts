import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { safelyParse } from '../src/safely-parse.ts';

describe('parsing whatever it may be', () => {
  const name = z.strictObject({ name: z.string().min(1) });
  const issuesOf = (value: unknown) => {
    const parsed = safelyParse(name, value);
    if (parsed.success) throw new Error('it was taken');
    return parsed.error.issues;
  };

  test('gives what is right', () => {
    expect(safelyParse(name, { name: 'shop' })).toEqual({ success: true, data: { name: 'shop' } });
  });

  test('says of what is wrong where', () => {
    expect(issuesOf({ name: '' })).toMatchObject([{ code: 'too_small', path: ['name'] }]);
  });

  test.each<[string, unknown]>([
    [
      'throws',
      {
        get name(): never {
          throw new Error('hunter2');
        },
      },
    ],
    ['has a length that cannot be compared', { name: { length: [{ toString: '' }] } }],
  ])('refuses what %s, and says that it cannot be read', (_, value) => {
    expect(issuesOf(value)).toEqual([{ code: 'custom', path: [], message: 'cannot be read', input: undefined }]);
  });
});
