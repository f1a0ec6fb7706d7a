/**
 * `npm run mutants`: plants each bug in a copy of the library and lets the simulated world look for it. Writes the table
 * in docs/reliability.md. A bug that is not found within the budget, and has no reason for it, is a failure.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type PlantedBug, plantedBugs } from './planted-bugs.ts';

const root = join(import.meta.dirname, '..', '..');
const page = join(root, 'docs', 'reliability.md');
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string', default: '3000' },
    /** Keeps the smallest run that shows each real bug, as a test. */
    keep: { type: 'boolean', default: false },
  },
});
const hunting = ['usual', 'crashes', 'decay', 'network', 'wavering', 'silence'];
const FOR_AT_MOST_MS = 300_000;

type Hunt = Readonly<{
  found: boolean;
  runs: number;
  ms: number;
  invariant?: string;
  seed?: number;
  profile?: string;
  plan?: unknown;
}>;

const main = async (): Promise<void> => {
  const copy = mkdtempSync(join(tmpdir(), 'recourse-mutants-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  copyLibrary(copy);
  const control = await hunt(copy, 200);
  if (control.found) throw new Error(`Without any planted bug it finds ${control.invariant} at seed ${control.seed}.`);
  console.log(`nothing planted: nothing found in ${control.runs} runs`);

  const rows: string[] = [];
  let missed = 0;
  for (const bug of plantedBugs.filter(({ name }) => values.only === undefined || name === values.only)) {
    const result = await withPlanted(copy, bug, () =>
      hunt(
        copy,
        Number(values.runs),
        bug.under === undefined ? hunting : [bug.under],
        values.keep && bug.real === true,
      ),
    );
    if (result.plan !== undefined) keep(bug, result);
    if (!result.found && bug.hidden === undefined) missed++;
    rows.push(rowOf(bug, result));
    console.log(rows.at(-1));
  }
  writeTable(rows);
  if (missed === 0) return;
  console.error(`${missed} planted bugs were not found`);
  process.exitCode = 1;
};

/** Enough of the repository to run the simulated world, on sources alone. */
const copyLibrary = (copy: string): void => {
  for (const part of ['core', 'engine', 'testing'])
    for (const path of ['src', 'package.json'])
      cpSync(join(root, 'packages', part, path), join(copy, 'packages', part, path), { recursive: true });
  cpSync(join(root, 'scripts', 'simulate'), join(copy, 'scripts', 'simulate'), { recursive: true });
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const modules = join(root, 'node_modules');
  mkdirSync(join(copy, 'node_modules', '@recourse'), { recursive: true });
  for (const name of readdirSync(modules))
    if (name !== '@recourse' && !name.startsWith('.'))
      symlinkSync(join(modules, name), join(copy, 'node_modules', name));
  for (const part of ['core', 'engine', 'testing'])
    symlinkSync(join(copy, 'packages', part), join(copy, 'node_modules', '@recourse', part));
};

const withPlanted = async <A>(
  copy: string,
  { name, file, from, to }: PlantedBug,
  then: () => Promise<A>,
): Promise<A> => {
  const path = join(copy, file);
  const sound = readFileSync(path, 'utf8');
  if (sound.split(from).length !== 2) throw new Error(`${name}: its place in ${file} is not there exactly once.`);
  writeFileSync(
    path,
    sound.replace(from, () => to),
  );
  try {
    return await then();
  } finally {
    writeFileSync(path, sound);
  }
};

const keep = ({ name, says }: PlantedBug, { invariant, profile, plan }: Hunt): void => {
  const folder = join(root, 'packages', 'testing', 'test', 'simulation', 'regressions');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ says, invariant, profile, plan }, null, 2)}\n`);
};

const hunt = (copy: string, runs: number, profiles: readonly string[] = hunting, small = false): Promise<Hunt> =>
  new Promise((resolve, reject) => {
    const args = [
      '--conditions=@recourse/source',
      join(copy, 'scripts', 'simulate', 'hunt.ts'),
      String(runs),
      ...profiles,
      ...(small ? ['small'] : []),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: FOR_AT_MOST_MS });
    let said = '';
    let complained = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complained += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said));
      else if (signal !== null) resolve({ found: false, runs, ms: FOR_AT_MOST_MS });
      else reject(new Error(complained.slice(0, 2000)));
    });
  });

const rowOf = (
  { name, says, real, hidden }: PlantedBug,
  { found, invariant, seed, profile, runs, ms }: Hunt,
): string => {
  const planted = `\`${name}\`${real === true ? ' (real)' : ''}: ${says}`;
  const outcome = found ? `${invariant} | ${seed} (${profile}) | ${runs} | ${ms}` : `not found | | ${runs} | ${ms}`;
  return `| ${planted} | ${outcome} |${!found && hidden !== undefined ? ` ${hidden} |` : ' |'}`;
};

const nameIn = (row: string): string => row.split('`')[1] ?? '';

const BEGIN = '<!-- written by npm run mutants: begin -->';
const END = '<!-- end -->';

const writeTable = (rows: readonly string[]): void => {
  const text = readFileSync(page, 'utf8');
  const [before = ''] = text.split(BEGIN);
  const [, after = ''] = text.split(END);
  const known = new Map(
    text.split('\n').flatMap((line) => (line.startsWith('| `') ? [[nameIn(line), line] as const] : [])),
  );
  for (const row of rows) known.set(nameIn(row), row);
  const table = [
    '| planted bug | found as | seed | runs | ms | if not, why |',
    '|---|---|---:|---:|---:|---|',
    ...plantedBugs.flatMap(({ name }) => known.get(name) ?? []),
  ].join('\n');
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
};

await main();
