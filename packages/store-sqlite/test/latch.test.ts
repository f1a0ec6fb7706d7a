import { describe, expect, test } from 'vitest';
import { latch } from '../src/latch.ts';
import { pause } from './sample.ts';

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

  test('lets pass after the time that was given', async () => {
    const { open, wait } = latch();
    await wait(5);
    const long = wait(60_000_000);
    expect(await stateOf(long)).toBe('waits');
    open();
    await long;
  });
});
