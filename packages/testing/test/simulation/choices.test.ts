import { describe, expect, test } from 'vitest';
import { plannedChoices, seededChoices } from '../../src/simulation/choices.ts';

const drawn = (seed: number, label: string, times: number, n = 1000): readonly number[] => {
  const choices = seededChoices(seed);
  return Array.from({ length: times }, () => choices.at(label).pick('value', n));
};

describe('choices', () => {
  test('depend on the seed, the name, the use and the kind', () => {
    expect(drawn(1, 'a', 20)).toEqual(drawn(1, 'a', 20));
    expect(drawn(1, 'a', 20)).not.toEqual(drawn(2, 'a', 20));
    expect(drawn(1, 'a', 20)).not.toEqual(drawn(1, 'b', 20));
    expect(new Set(drawn(1, 'a', 20)).size).toBeGreaterThan(10);
    const moment = seededChoices(1).at('a');
    expect(moment.pick('one', 1_000_000)).not.toBe(moment.pick('other', 1_000_000));
  });

  test('do not depend on what else was chosen', () => {
    const disturbed = seededChoices(1);
    const values = Array.from({ length: 20 }, (_, at) => {
      if (at % 3 === 0) disturbed.at('something else').pick('value', 1000);
      return disturbed.at('a').pick('value', 1000);
    });
    expect(values).toEqual(drawn(1, 'a', 20));
  });

  test('are spread evenly', () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 10_000; seed++) {
      const [value = 0] = drawn(seed, 'die', 1, 10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const times of counts) expect(Math.abs(times - 1000)).toBeLessThan(150);
  });

  test('come true as often as was asked for', () => {
    const choices = seededChoices(7);
    const hits = Array.from({ length: 20_000 }, () => choices.at('fault').rarely('crash', 50, 1)).filter(
      Boolean,
    ).length;
    expect(hits).toBeGreaterThan(800);
    expect(hits).toBeLessThan(1200);
    expect(choices.at('fault').rarely('never', 0, 5)).toBe(0);
  });

  test('are of every severity, when they come true', () => {
    const choices = seededChoices(9);
    const severities = new Set(Array.from({ length: 3_000 }, () => choices.at('fault').rarely('slow', 100, 4)));
    expect([...severities].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('are played back from what was not zero', () => {
    const original = seededChoices(3);
    const use = (choices: ReturnType<typeof seededChoices>) =>
      Array.from({ length: 50 }, (_, at) => {
        const moment = choices.at(`label ${at % 5}`);
        return [moment.pick('value', 4), moment.rarely('fault', 300, 7)];
      });
    const values = use(original);
    expect(use(plannedChoices(original.plan()))).toEqual(values);
    expect([...original.plan().values()]).not.toContain(0);
  });

  test('are harmless where the plan says nothing', () => {
    const choices = plannedChoices(new Map());
    expect(choices.at('a').pick('value', 10)).toBe(0);
    expect(choices.at('a').rarely('fault', 1000, 5)).toBe(0);
  });

  test('keep to their range, also when the plan was made for a wider one', () => {
    expect(
      plannedChoices(new Map([['value@a#0', 9]]))
        .at('a')
        .pick('value', 3),
    ).toBe(2);
  });
});
