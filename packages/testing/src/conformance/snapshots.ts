/** What every Snapshots owes. */
import type { Json, Snapshots } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { left, right } from './outcome.ts';

export type SnapshotsUnderTest = Readonly<{
  /** Empty. */
  snapshots: Snapshots;
  /** Makes them unreachable until `close`. */
  disconnect(): Promise<void>;
  close(): Promise<void>;
}>;

const states: readonly (readonly [string, Json])[] = [
  ['null', null],
  ['key order', JSON.parse('{"b":1,"a":{"z":[],"y":{}},"2":3,"1":4,"":5}')],
  ['dangerous keys', JSON.parse('{"__proto__":{"admin":true},"constructor":1}')],
  ['all sorts of letters', `ñ n\u0303 漢字 👩‍👩‍👧 \u2028 \u0001 ' " \\ \\u0000`],
  ['numbers', [0, 0.1, 1e21, 1e-7, 2 ** 53 - 1, Number.MAX_VALUE]],
  ['a large state', Array.from({ length: 5000 }, (_, n) => ({ deployment: `d${n}`, live: n % 2 === 0 }))],
];

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const snapshotsConformance = (adapter: string, open: () => Promise<SnapshotsUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as Snapshots`, { timeout: 60_000 }, () => {
    test('one that was never saved is an answer', async () => {
      const { snapshots } = await fresh();
      await right(snapshots.save('environment-1', { version: 3, schema: 1, state: {} }));
      expect(await right(snapshots.load('environment-2'))).toBeNull();
    });

    test('a later one replaces an earlier one, whatever its version or shape', async () => {
      const { snapshots } = await fresh();
      const saved = [
        { version: 3, schema: 1, state: { live: 'd1' } },
        { version: 9, schema: 2, state: ['d1'] },
        { version: 4, schema: 1, state: null },
      ];
      for (const snapshot of saved) {
        await right(snapshots.save('environment-1', snapshot));
        expect(await right(snapshots.load('environment-1'))).toEqual(snapshot);
      }
    });

    test('keys that look alike are kept apart', async () => {
      const { snapshots } = await fresh();
      const keys = [
        'environment-1',
        'Environment-1',
        'environment_1',
        'environment-%',
        `environment-'"`,
        'ñ',
        'n\u0303',
      ];
      for (const [version, key] of keys.entries()) {
        await right(snapshots.save(key, { version, schema: 1, state: key }));
      }
      for (const [version, key] of keys.entries()) {
        expect(await right(snapshots.load(key))).toEqual({ version, schema: 1, state: key });
      }
    });

    test.each(states)('keeps %s byte for byte', async (_, state) => {
      const { snapshots } = await fresh();
      await right(snapshots.save('environment-1', { version: 0, schema: 1, state }));
      const loaded = await right(snapshots.load('environment-1'));
      expect(JSON.stringify(loaded?.state)).toBe(JSON.stringify(state));
    });

    test('of many saved at once one is kept, and it is whole', async () => {
      const { snapshots } = await fresh();
      const saved = Array.from({ length: 30 }, (_, version) => ({
        version,
        schema: 1,
        state: Array(50).fill(version),
      }));
      await Promise.all(saved.map((snapshot) => right(snapshots.save('environment-1', snapshot))));
      expect(saved).toContainEqual(await right(snapshots.load('environment-1')));
    });

    test('one that cannot be reached is not one that is missing', async () => {
      const { snapshots, disconnect } = await fresh();
      await right(snapshots.save('environment-1', { version: 3, schema: 1, state: {} }));
      await disconnect();
      const unavailable = { kind: 'transient', code: 'store/unavailable' };
      expect(await left(snapshots.load('environment-1'))).toMatchObject(unavailable);
      const save = snapshots.save('environment-1', { version: 4, schema: 1, state: {} });
      expect(await left(save)).toMatchObject(unavailable);
    });
  });
};
