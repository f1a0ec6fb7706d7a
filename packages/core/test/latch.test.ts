import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { latch } from '../src/latch.ts';

/** What a wait has come to by now. */
const stateOf = async (wait: Promise<void>) => Promise.race([wait.then(() => 'passed'), pause(10).then(() => 'waits')]);

describe('a latch', () => {
  test('opened while somebody waits, lets them pass', async () => {
    const { open, wait } = latch();
    const waiting = wait();
    expect(await stateOf(waiting)).toBe('waits');
    open();
    expect(await stateOf(waiting)).toBe('passed');
  });

  test('opened while nobody waits, lets the next one pass, and only that one', async () => {
    const { open, wait } = latch();
    open();
    open();
    expect(await stateOf(wait())).toBe('passed');
    expect(await stateOf(wait())).toBe('waits');
  });

  test('lets pass after a time, if a timer opens it', async () => {
    const { open, wait } = latch();
    setTimeout(open, 5);
    await wait();
    const long = wait();
    expect(await stateOf(long)).toBe('waits');
    open();
    await long;
  });
});
