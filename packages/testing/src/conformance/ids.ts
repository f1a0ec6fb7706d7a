/** What every Ids owes. */
import { DeploymentId, type Ids } from '@recourse/core';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

export type IdsUnderTest = Readonly<{
  ids: Ids;
  /** The same adapter put together once more, as another worker has it. */
  anotherWorker: () => Ids;
  close: () => Promise<void>;
}>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const idsConformance = (adapter: string, open: () => Promise<IdsUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as Ids`, { timeout: 60_000 }, () => {
    test('gives a new id each time, also to another worker', async () => {
      const { ids, anotherWorker } = await fresh();
      const other = anotherWorker();
      const given = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? ids : other).next());
      expect(new Set(given).size).toBe(given.length);
      for (const id of given.slice(0, 100)) expect(id).toMatch(shape);
    });

    test('derives the same id of the same parts, also in another worker', async () => {
      const { ids, anotherWorker } = await fresh();
      fc.assert(
        fc.property(parts, (some) => {
          const id = ids.derive(...some);
          expect(id).toMatch(shape);
          expect(DeploymentId.safeParse(id).success).toBe(true);
          expect(anotherWorker().derive(...some)).toBe(id);
        }),
      );
    });

    test('derives different ids of different parts', async () => {
      const { ids } = await fresh();
      fc.assert(
        fc.property(parts, parts, (some, others) => {
          fc.pre(JSON.stringify(some) !== JSON.stringify(others));
          expect(ids.derive(...some)).not.toBe(ids.derive(...others));
        }),
      );
    });

    test.each(lookAlikes)('takes %j and %j for different parts', async (some, others) => {
      const { ids } = await fresh();
      expect(ids.derive(...some)).not.toBe(ids.derive(...others));
    });
  });
};

const shape = /^[a-z0-9-]{1,40}$/;

const parts = fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 4 });

/** Parts that a careless joining makes the same. */
const lookAlikes: [string[], string[]][] = [
  [
    ['ab', 'c'],
    ['a', 'bc'],
  ],
  [
    ['a', 'b'],
    ['b', 'a'],
  ],
  [['a'], ['a', '']],
  [[], ['']],
  [['a,b'], ['a', 'b']],
  [['a\0b'], ['a', 'b']],
  [['a","b'], ['a', 'b']],
  [['a:b'], ['a', 'b']],
  [['a/b'], ['a', 'b']],
  [['\ud800'], ['\udfff']],
  [['\ud800'], ['\ufffd']],
  [['A'], ['a']],
  [['é'], ['e\u0301']],
];
