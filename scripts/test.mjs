// Every test there is: format and lint, types, 20,000 simulated platforms, then all others, real engines included.
// It ends with one plain line of counts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'recourse-test-'));
const report = join(folder, 'report.json');

const run = (command, args) => {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
};

const counts = () => {
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0) };
  } catch {
    return { passed: 0, failed: 1 };
  }
};

const simulate = ['--conditions=@recourse/source', 'scripts/simulate/main.ts'];
const steps = [
  ['biome', ['ci', '--colors=off', '.']],
  ['tsc', ['--build']],
  ['tsc', ['-p', 'tsconfig.test.json']],
  // Alone: it has a thread for each core. Always the same seeds, so that nobody's change fails by bad luck.
  ['node', [...simulate, '--runs', '20000', '--profile', 'all']],
  ['vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]],
];
try {
  const unsound = steps.filter(([command, args]) => !run(command, args));
  const { passed, failed } = counts();
  for (const [command, args] of unsound) console.error(`test: failed: ${[command, ...args].join(' ')}`);
  const broken = unsound.filter(([command]) => command !== 'vitest').length;
  console.log(`\n${passed} passed, ${failed + broken} failed`);
  process.exitCode = unsound.length === 0 && passed > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
