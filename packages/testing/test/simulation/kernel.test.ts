import { describe, expect, test } from 'vitest';
import { createKernel } from '../../src/simulation/kernel.ts';

const never = () => false;

describe('the kernel', () => {
  test('lets things happen in order of time, then of arrival', async () => {
    const kernel = createKernel();
    const happened: string[] = [];
    const at = (ms: number, what: string) => kernel.after(ms, () => happened.push(`${what} at ${kernel.now()}`));
    at(30, 'c');
    at(10, 'a');
    at(30, 'd');
    at(20, 'b');
    at(30, 'e');
    await kernel.run(never);
    expect(happened).toEqual(['a at 10', 'b at 20', 'c at 30', 'd at 30', 'e at 30']);
    expect(kernel.steps()).toBe(5);
  });

  test('keeps a thousand entries in order, whatever the order of their arrival', async () => {
    const kernel = createKernel();
    const times: number[] = [];
    for (let n = 0; n < 1000; n++) kernel.after((n * 7919) % 1009, () => times.push(kernel.now()));
    await kernel.run(never);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(1000);
  });

  test('takes no real time for a virtual year', async () => {
    const kernel = createKernel();
    const year = 31_536_000_000;
    kernel.after(year, () => undefined);
    await kernel.run(never);
    expect(kernel.now()).toBe(year);
  });

  test('lets promises run to their end before the next entry', async () => {
    const kernel = createKernel();
    const happened: string[] = [];
    const deep = async (depth: number): Promise<void> => {
      for (let at = 0; at < depth; at++) await null;
      happened.push('the promise');
    };
    kernel.after(1, () => {
      kernel.resumes();
      void deep(500);
    });
    kernel.after(1, () => happened.push('the next entry'));
    await kernel.run(never);
    expect(happened).toEqual(['the promise', 'the next entry']);
  });

  test('stops when it is over, and leaves the rest', async () => {
    const kernel = createKernel();
    let happened = 0;
    for (let n = 1; n <= 5; n++) kernel.after(n, () => happened++);
    await kernel.run(() => happened === 2);
    expect(happened).toBe(2);
    expect(kernel.now()).toBe(2);
  });
});
