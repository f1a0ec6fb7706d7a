/** What every Clock owes. */
import { type CancelSignal, type Clock, Instant } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';

export type ClockUnderTest = Readonly<{ clock: Clock; close: () => Promise<void> }>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const clockConformance = (adapter: string, open: () => Promise<ClockUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as a Clock`, { timeout: 60_000 }, () => {
    test('tells instants that do not run backwards', async () => {
      const { clock } = await fresh();
      const told = Array.from({ length: 1000 }, () => clock.now());
      for (const instant of told) expect(Instant.safeParse(instant).success).toBe(true);
      expect(told).toEqual([...told].sort((a, b) => a - b));
    });

    test('sleeps no shorter than it was told to, by its own reckoning', async () => {
      const { clock } = await fresh();
      const before = clock.now();
      await clock.sleep(50);
      // One instant is a whole millisecond: rounding may take one.
      expect(clock.now() - before).toBeGreaterThanOrEqual(49);
    });

    test.each([0, -1, -1e12, Number.NaN])('has no time to sleep in %d ms', async (ms) => {
      const { clock } = await fresh();
      await expect(clock.sleep(ms)).resolves.toBeUndefined();
    });

    test('is woken by its signal, also from a sleep of years, and never rejects', async () => {
      const { clock } = await fresh();
      const abort = new AbortController();
      const order: string[] = [];
      const asleep = clock.sleep(1e12, abort.signal).then(() => order.push('woken'));
      await clock.sleep(20).then(() => order.push('slept'));
      abort.abort(new Error('not a reason to reject'));
      await asleep;
      expect(order).toEqual(['slept', 'woken']);
    });

    test('does not fall asleep when the signal has aborted before', async () => {
      const { clock } = await fresh();
      await expect(clock.sleep(1e12, AbortSignal.abort())).resolves.toBeUndefined();
    });

    test('forgets the signal of a sleep that is over', async () => {
      const { clock } = await fresh();
      const signal = countingSignal();
      for (let nap = 0; nap < 100; nap += 1) await clock.sleep(0, signal);
      await Promise.all([clock.sleep(20, signal), clock.sleep(20, signal)]);
      expect(signal.listeners()).toBe(0);
    });
  });
};

/** A signal that never aborts and knows who listens. */
const countingSignal = (): CancelSignal & { listeners: () => number } => {
  const listeners = new Set<() => void>();
  return {
    aborted: false,
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
    listeners: () => listeners.size,
  };
};
