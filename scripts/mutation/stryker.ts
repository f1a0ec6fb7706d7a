/** Runs Stryker in a copy, and reads what it found. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { copyLibrary, type Part, root } from './copy.ts';

const Point = z.object({ line: z.int(), column: z.int() });
const Report = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.string(),
      mutants: z.array(
        z.object({
          mutatorName: z.string(),
          replacement: z.string().default(''),
          status: z.string(),
          location: z.object({ start: Point, end: Point }),
        }),
      ),
    }),
  ),
});
type Point = z.infer<typeof Point>;

export type Mutant = Readonly<{
  file: string;
  start: Point;
  end: Point;
  /** The line where it begins, and what it makes of what. */
  line: string;
  change: string;
  status: string;
}>;

const AT_ONCE = 2;
/** What was loaded before stays in memory: after so many mutants a new process goes on. */
const RELOADS_MAX = 60;

/** Every mutant of these files (paths or globs below `src`), and what became of it. */
export const mutantsOf = async (part: Part, files: readonly string[]): Promise<readonly Mutant[]> => {
  const copy = copyLibrary(part);
  const settings = {
    mutate: files.map((file) => `packages/${part}/src/${file}`),
    inPlace: true,
    disableTypeChecks: false,
    plugins: [join(import.meta.dirname, 'runner.ts')],
    testRunner: 'in-process',
    testRunnerNodeArgs: ['--conditions=@recourse/source'],
    coverageAnalysis: 'perTest',
    concurrency: AT_ONCE,
    maxTestRunnerReuse: RELOADS_MAX,
    timeoutMS: 5_000,
    timeoutFactor: 2,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: 'report.json' },
    warnings: { slow: false },
  };
  writeFileSync(join(copy, 'stryker.json'), JSON.stringify(settings));
  const stryker = join(root, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const child = spawn(process.execPath, [stryker, 'run', 'stryker.json'], {
    cwd: copy,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // Whoever ends this ends that, and the copy is removed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`Stryker ended with ${status}.`);
  return told(Report.parse(JSON.parse(readFileSync(join(copy, 'report.json'), 'utf8'))));
};

const told = ({ files }: z.infer<typeof Report>): readonly Mutant[] =>
  Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    return mutants.map(({ replacement, status, location: { start, end } }) => ({
      file,
      start,
      end,
      line: (lines[start.line - 1] ?? '').trim(),
      change: `${abridged(between(lines, start, end))} -> ${abridged(replacement)}`,
      status,
    }));
  });

const between = (lines: readonly string[], start: Point, end: Point): string => {
  const whole = lines.slice(start.line - 1, end.line);
  const last = whole.pop() ?? '';
  return [...whole, last.slice(0, end.column - 1)].join('\n').slice(start.column - 1);
};

const abridged = (code: string): string => {
  const text = code.replace(/\s+/g, ' ').trim();
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
