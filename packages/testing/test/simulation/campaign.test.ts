import { beforeAll, describe, expect, test } from 'vitest';
import { type Campaign, campaign, together, unseen, unvisited } from '../../src/simulation/campaign.ts';

describe('a campaign', () => {
  let whole: Campaign;
  beforeAll(async () => {
    whole = await campaign({ from: 1, runs: 12, profiles: ['usual', 'crashes'] });
  });

  test('is the same whether it was made at once or in parts', async () => {
    const parts = [
      await campaign({ from: 1, runs: 5, profiles: ['usual', 'crashes'] }),
      await campaign({ from: 6, runs: 7, profiles: ['usual', 'crashes'] }),
    ];
    expect({ ...together(parts), hash: '' }).toEqual({ ...whole, hash: '' });
    expect(together([...parts]).hash).toBe(together(parts).hash);
    expect(together(parts.toReversed()).hash).not.toBe(together(parts).hash);
  });

  test('says in which place of a deployment what befell which operation', () => {
    const operations = [...whole.operations.keys()];
    for (const place of ['waiting', 'admitted', 'scheduled', 'acquired', 'started', 'healthy', 'promoting', 'live'])
      expect(operations.some((operation) => operation.startsWith(`${place} store.`))).toBe(true);
    expect([...whole.visits.keys()]).toContain('started health.check × slow');
  });

  test('names what it never came to', () => {
    const { operations, visits } = whole;
    const missing = unvisited(whole);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.filter((visit) => visits.has(visit))).toEqual([]);
    expect(missing.every((visit) => operations.has(visit.split(' × ')[0] ?? ''))).toBe(true);
    expect(unseen({ ...whole, sightings: new Map() })).toContain('an orphan was reaped');
    expect(unseen({ ...whole, sightings: new Map([['an orphan was reaped', 1]]) })).not.toContain(
      'an orphan was reaped',
    );
  });
});
