import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/simulation/choices.ts';
import { shrink } from '../../src/simulation/shrink.ts';

const planOf = (size: number): Plan => new Map(Array.from({ length: size }, (_, at) => [`choice ${at}`, 20]));

describe('shrinking', () => {
  test('leaves what it takes and nothing else', async () => {
    const needed = ['choice 3', 'choice 77', 'choice 140'];
    const fails = async (plan: Plan) => needed.every((name) => (plan.get(name) ?? 0) > 0);
    const { plan, replays } = await shrink(planOf(200), { fails });
    expect([...plan.keys()]).toEqual(needed);
    expect(replays).toBeLessThan(200);
  });

  test('lowers what is left as far as it goes', async () => {
    const fails = async (plan: Plan) => (plan.get('choice 5') ?? 0) >= 6;
    const { plan } = await shrink(planOf(40), { fails });
    expect([...plan]).toEqual([['choice 5', 7]]);
  });

  test('comes down to nothing if it fails anyway', async () => {
    const { plan } = await shrink(planOf(64), { fails: async () => true });
    expect(plan.size).toBe(0);
  });

  test('only gives back what was seen to fail', async () => {
    const seen: string[] = [];
    const fails = async (plan: Plan) => {
      const failed = [...plan.keys()].some((name) => Number(name.split(' ')[1]) % 17 === 4) && plan.size % 2 === 1;
      if (failed) seen.push(JSON.stringify([...plan]));
      return failed;
    };
    const { plan } = await shrink(planOf(99), { fails });
    expect(seen).toContain(JSON.stringify([...plan]));
  });

  test('stops when its replays are used up', async () => {
    let asked = 0;
    const fails = async () => {
      asked++;
      return false;
    };
    await shrink(planOf(1000), { fails, replaysMax: 50 });
    expect(asked).toBe(50);
  });
});
