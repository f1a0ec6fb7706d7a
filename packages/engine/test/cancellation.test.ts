import { describe, expect, test } from 'vitest';
import { cancellation } from '../src/cancellation.ts';

/** How often it is heard, by one that listens to it from now on. */
const heard = (signal: ReturnType<typeof cancellation>['signal']) => {
  let times = 0;
  const listener = () => void times++;
  signal.addEventListener('abort', listener);
  return { times: () => times, stop: () => signal.removeEventListener('abort', listener) };
};

describe('a cancellation', () => {
  test('is heard by all that listen, once, however often it comes', () => {
    const { signal, cancel } = cancellation();
    const both = [heard(signal), heard(signal)];
    expect(signal.aborted).toBe(false);
    cancel();
    cancel();
    expect(signal.aborted).toBe(true);
    expect(both.map(({ times }) => times())).toEqual([1, 1]);
  });

  test('is not heard by one that stopped listening', () => {
    const { signal, cancel } = cancellation();
    const listening = heard(signal);
    listening.stop();
    cancel();
    expect(listening.times()).toBe(0);
  });

  test('comes from any of its parents', () => {
    const parents = [cancellation(), cancellation()] as const;
    const child = cancellation(parents[0].signal, parents[1].signal);
    const listening = heard(child.signal);
    parents[1].cancel();
    expect([child.signal.aborted, listening.times(), parents[0].signal.aborted]).toEqual([true, 1, false]);
  });

  test('is there at once, if a parent was cancelled before', () => {
    const parent = cancellation();
    parent.cancel();
    expect(cancellation(parent.signal).signal.aborted).toBe(true);
  });

  test('does not come from a parent that it was released from', () => {
    const parent = cancellation();
    const child = cancellation(parent.signal);
    child.release();
    parent.cancel();
    expect(child.signal.aborted).toBe(false);
    const platform = new AbortController();
    const other = cancellation(platform.signal);
    other.release();
    platform.abort();
    expect(other.signal.aborted).toBe(false);
  });
});
