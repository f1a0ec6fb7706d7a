/**
 * Stands in for vitest in the copy: takes tests down, so that the runner can run any of them again and again in one
 * process. Vitest's workers would load everything anew for each mutant.
 */
import { format } from 'node:util';

export { chai, expect, expectTypeOf, vi } from 'vitest';

type Run = () => unknown;
export type Noted = Readonly<{ id: string; run: Run }>;

const noted: Noted[] = [];
const within: string[] = [];
let finishing: Run[] = [];

/** One of it for each row of a table. */
const eachOf =
  (note: (name: string, run: Run) => void) =>
  (table: readonly unknown[]) =>
  (name: string, run: (...row: unknown[]) => unknown): void => {
    for (const [at, row] of table.entries()) {
      const cells: unknown[] = Array.isArray(row) ? row : [row];
      note(`${format(name, ...cells)} #${at}`, () => run(...cells));
    }
  };

const group = (name: string, tell: () => void): void => {
  within.push(name);
  tell();
  within.pop();
};

export const describe = Object.assign(group, { each: eachOf(group) });

const note = (name: string, run: Run): void => {
  noted.push({ id: [...within, name].join(' > '), run });
};

export const test = Object.assign(note, { each: eachOf(note) });

export const onTestFinished = (finish: Run): void => void finishing.push(finish);

/** The tests that a file notes when it is loaded. */
export const testsOf = async (file: string): Promise<readonly Noted[]> => {
  noted.length = 0;
  within.length = 0;
  await import(file);
  return noted.map(({ id, run }) => ({ id: `${file} > ${id}`, run }));
};

/** To close what it opened, which a mutant may keep from ever ending. */
const CLOSING_MS = 1_000;

/** What went wrong in it; null if nothing did. What has not ended by then never ends. */
export const failureOf = async ({ run }: Noted, limitMs: number): Promise<unknown> => {
  finishing = [];
  try {
    await inTime(run, limitMs);
    return null;
  } catch (error) {
    return error ?? 'it threw nothing';
  } finally {
    const finished = finishing.reverse();
    await inTime(async () => {
      for (const finish of finished) await finish();
    }, CLOSING_MS).catch(() => undefined);
  }
};

const inTime = async (run: Run, limitMs: number): Promise<void> => {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`It did not end within ${limitMs} ms.`)), limitMs);
  try {
    await Promise.race([run(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
};
