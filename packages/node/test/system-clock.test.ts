import { systemClock } from '@recourse/node';
import { clockConformance } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

clockConformance('systemClock', async () => ({ clock: systemClock(), close: async () => {} }));

describe('systemClock', () => {
  test('sleeps for years without waking up again and again', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => warnings.push(name);
    process.on('warning', note);
    const abort = new AbortController();
    const asleep = systemClock().sleep(1e12, abort.signal);
    await systemClock().sleep(50);
    abort.abort();
    await asleep;
    process.off('warning', note);
    // The platform's timers warn, and fire at once, when they are given more than they can count.
    expect(warnings).toEqual([]);
  });

  const machineClock = () => {
    vi.useFakeTimers({ now: 1_000_000_000, toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
  };

  test('tells the time of the machine', () => {
    machineClock();
    expect(systemClock().now()).toBe(1_000_000_000);
  });

  test('stands still while a small correction of the machine is made up for', () => {
    machineClock();
    const clock = systemClock();
    const before = clock.now();
    vi.setSystemTime(before - 5_000);
    expect(clock.now()).toBe(before);
    vi.setSystemTime(before + 1);
    expect(clock.now()).toBe(before + 1);
  });

  test('follows a machine that was wrong by hours, rather than stand still for hours', () => {
    machineClock();
    const clock = systemClock();
    const before = clock.now();
    vi.setSystemTime(before - 3_600_000);
    expect(clock.now()).toBe(before - 3_600_000);
  });
});
