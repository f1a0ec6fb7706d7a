import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pick } from '../src/reach.ts';
import { hostsOf } from '../src/subnet.ts';

describe('an address for a new container', () => {
  test('is one that nobody has, until there is none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.string(), (count, key) => {
        const taken = new Set<number>();
        for (let turn = 0; turn < count; turn++) {
          const index = pick(count, key, (one) => taken.has(one));
          if (index === null) throw new Error('none left too early');
          expect(index).toBeGreaterThanOrEqual(0);
          expect(index).toBeLessThan(count);
          expect(taken.has(index)).toBe(false);
          taken.add(index);
        }
        expect(pick(count, key, (one) => taken.has(one))).toBeNull();
      }),
    );
  });

  test('is looked for from the same place for the same key, elsewhere for others', () => {
    const first = (key: string) => pick(10_000, key, () => false);
    expect(first('a')).toBe(first('a'));
    expect(new Set(['a', 'b', 'c', 'd'].map(first)).size).toBeGreaterThan(1);
  });

  test.each([
    ['10.1.2.0/24', 253, '10.1.2.2', '10.1.2.254'],
    ['10.213.0.0/16', 65_533, '10.213.0.2', '10.213.255.254'],
    ['192.168.255.0/30', 1, '192.168.255.2', '192.168.255.2'],
    ['10.0.0.7/29', 5, '10.0.0.2', '10.0.0.6'],
  ])('in %s is one of %i: not the network, its gateway, or the broadcast', (subnet, count, first, last) => {
    const hosts = hostsOf(subnet);
    expect(hosts.count).toBe(count);
    expect(hosts.at(0)).toBe(first);
    expect(hosts.at(count - 1)).toBe(last);
  });

  test('is not to be had in a subnet that is too small', () => {
    expect(hostsOf('10.0.0.0/31').count).toBe(0);
    expect(hostsOf('10.0.0.0/32').count).toBe(0);
  });
});
