/** That one number is the whole run. Campaigns over many of them are a step of their own of `npm test`. */
import { describe, expect, test } from 'vitest';
import { simulate } from '../../src/simulation/simulate.ts';

const MINUTES_MS = 60_000;

describe('a simulated world', () => {
  test(
    'is the same to the last character for the same seed, and from its plan',
    async () => {
      for (let seed = 1000; seed < 1100; seed++) {
        const first = await simulate({ seed });
        const second = await simulate({ seed });
        expect([second.hash, second.steps]).toEqual([first.hash, first.steps]);
        if (seed % 10 !== 0) continue;
        const replayed = await simulate({ plan: first.plan });
        expect([replayed.hash, replayed.steps]).toEqual([first.hash, first.steps]);
      }
    },
    5 * MINUTES_MS,
  );

  test('is another one for another seed', async () => {
    const hashes = new Set<string>();
    for (let seed = 0; seed < 5; seed++) hashes.add((await simulate({ seed })).hash);
    expect(hashes.size).toBe(5);
  });

  test('has no faults when it is calm, and settles at once', async () => {
    const calm = await simulate({ seed: 2, profile: 'calm' });
    expect(calm.violation).toBeNull();
    expect([...calm.counts.faults]).toEqual([]);
    expect(calm.settledAfterMs).toBeLessThan(60_000);
  });

  test('keeps its log only if asked to, and the log changes nothing', async () => {
    const silent = await simulate({ seed: 4 });
    const told = await simulate({ seed: 4, trace: true });
    expect(silent.trace).toEqual([]);
    expect(told.trace.length).toBeGreaterThan(100);
    expect(told.hash).toBe(silent.hash);
  });
});
