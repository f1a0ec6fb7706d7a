// Every test there is: format and lint, types, all tests, real engines included, and 20,000 simulated platforms.
// It ends with one plain line of counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'recourse-test-'));

const line = ([command, args]) => [command, ...args].join(' ');

/** Runs a step to its end; resolves to whether it succeeded. */
const run = async (step) => {
  console.log(`\n> ${line(step)}`);
  const [code] = await once(spawn(...step, { cwd: root, stdio: 'inherit' }), 'close');
  return code === 0;
};

/** Runs a step beside others. What it says is kept, so that nobody's lines come between another's. */
const runBeside = async (step, priority) => {
  const child = spawn(...step, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  setPriority(child.pid, priority);
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { step, said, succeeded: code === 0 };
};

/** How many passed and failed, as a report of vitest has it; one that is not there is a failure. */
const countsIn = (report) => {
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0) };
  } catch {
    return { passed: 0, failed: 1 };
  }
};

const checks = [
  ['biome', ['ci', '--colors=off', '.']],
  ['tsc', ['--build']],
  ['tsc', ['-p', 'tsconfig.test.json']],
];
const reportOf = (name) => join(folder, `${name}.json`);
const vitest = (name, ...args) => [
  'vitest',
  ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${reportOf(name)}`],
];
const unit = vitest('unit', '--project=unit', '--maxWorkers=2');
// One file of each at a time: they share the machine with the processes and engines that they start, and wait for them
// most of the time.
const engines = vitest('engine', '--project=engine');
const processes = vitest('process', '--project=process');
// Always the same seeds, so that nobody's change fails by bad luck. On what the tests leave of the machine.
const simulation = [
  'node',
  ['--conditions=@recourse/source', 'scripts/simulate/main.ts', '--runs', '20000', '--profile', 'all'],
];
const { PRIORITY_LOW, PRIORITY_NORMAL } = constants.priority;

try {
  const unsound = [];
  for (const step of [...checks, unit]) if (!(await run(step))) unsound.push(step);
  const beside = [runBeside(processes, PRIORITY_NORMAL), runBeside(simulation, PRIORITY_LOW)];
  if (!(await run(engines))) unsound.push(engines);
  for (const { step, said, succeeded } of await Promise.all(beside)) {
    console.log(`\n> ${line(step)}\n${said}`);
    if (!succeeded) unsound.push(step);
  }
  const counts = ['unit', 'engine', 'process'].map((name) => countsIn(reportOf(name)));
  const sum = (of) => counts.reduce((total, count) => total + count[of], 0);
  const broken = unsound.filter(([command]) => command !== 'vitest').length;
  for (const step of unsound) console.error(`test: failed: ${line(step)}`);
  console.log(`\n${sum('passed')} passed, ${sum('failed') + broken} failed`);
  process.exitCode = unsound.length === 0 && sum('passed') > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
