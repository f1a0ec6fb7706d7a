/**
 * `npm run mutants`: plants each bug in a copy of the library and lets the simulated world look for it: with everything,
 * and with each safety net taken away. Writes the table of docs/planted-bugs.md. A bug that is not found although
 * nobody said why, or is found although it is said to be hidden, is a failure.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ProfileName } from '../../packages/testing/src/simulation/faults.ts';
import type { Catch } from './hunt.ts';
import { hunted } from './hunter.ts';
import { nets, type PlantedBug, plantedBugs } from './planted-bugs.ts';
import { type Copy, copyLibrary } from './planting.ts';
import { type Row, writeTable } from './table.ts';

const root = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    /** Names, with commas between. */
    only: { type: 'string' },
    /** How long each is looked for. */
    runs: { type: 'string', default: '10000' },
    /** How long each is looked for with a net away. */
    unprotected: { type: 'string', default: '100' },
    /** Keeps the smallest run that shows each real bug, as a test. */
    keep: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const everything: readonly ProfileName[] = ['usual', 'crashes', 'decay', 'network', 'wavering', 'silence'];
/** Faults that no net is needed for. */
const gentle: readonly ProfileName[] = ['gentle'];

// What this process began ends with it: hunts and copies are let go of when it exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const main = async (): Promise<void> => {
  const wanted = plantedBugs.filter(({ name }) => values.only?.split(',').includes(name) ?? true);
  const queue = [...wanted];
  const rows = new Map<string, Row>();
  const workers = Array.from({ length: availableParallelism() }, async () => {
    const copy = copyLibrary();
    await assertSound(copy);
    for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
      const row = await look(copy, bug);
      rows.set(bug.name, row);
      writeTable([...rows.values()]);
      console.log(toldOf(row));
    }
  });
  await Promise.all(workers);
  const found = wanted.flatMap(({ name }) => rows.get(name) ?? []);
  const wrong = found.filter(({ bug, caught }) => (caught === null) !== (bug.hidden !== undefined));
  for (const { bug, caught } of wrong)
    console.error(caught === null ? `${bug.name} was not found` : `${bug.name} is not hidden, it is found`);
  if (wrong.length > 0) process.exitCode = 1;
};

/** With nothing planted nothing may be found, also without the nets where they are not needed. */
const assertSound = async (copy: Copy): Promise<void> => {
  const nothing = [
    await hunted(copy.folder, { runs: 100, profiles: everything }),
    ...(await withoutEachNet(copy, [], 100)).map(({ caught }) => caught),
  ].find((caught) => caught !== null);
  if (nothing) throw new Error(`Nothing is planted, and it finds ${nothing.invariant}: ${nothing.detail}`);
};

const look = async (copy: Copy, bug: PlantedBug): Promise<Row> => {
  const profiles = bug.under === undefined ? everything : [bug.under];
  const caught = await copy.with([bug], () => hunted(copy.folder, { runs, profiles, small: true }));
  if (caught !== null && values.keep && bug.real === true) keep(bug, caught);
  const others =
    caught &&
    (await copy.with([bug], () =>
      hunted(copy.folder, { runs: Math.min(1_000, 4 * caught.runs + 200), profiles, without: caught.invariant }),
    ));
  return { bug, caught, others, unprotected: await withoutEachNet(copy, [bug], Number(values.unprotected)) };
};

const withoutEachNet = async (
  copy: Copy,
  bugs: readonly PlantedBug[],
  runsEach: number,
): Promise<readonly Readonly<{ net: string; caught: Catch | null }>[]> => {
  const found = [];
  for (const { net, ...away } of nets) {
    if (bugs.some(({ from }) => from === away.from)) continue;
    const caught = await copy.with([...bugs, away], () => hunted(copy.folder, { runs: runsEach, profiles: gentle }));
    found.push({ net, caught });
  }
  return found;
};

const keep = ({ name, says }: PlantedBug, { invariant, profile, small }: Catch): void => {
  const folder = join(root, 'packages', 'testing', 'test', 'simulation', 'regressions');
  mkdirSync(folder, { recursive: true });
  const kept = { says, invariant, profile, plan: small?.plan };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
};

const toldOf = ({ bug, caught, others, unprotected }: Row): string =>
  [
    `${bug.name}:`,
    caught === null ? 'not found,' : `${caught.invariant} in ${caught.runs} runs,`,
    caught?.small ? `${caught.small.plan.length} choices in ${caught.small.ms} ms,` : '',
    caught === null ? '' : others === null ? 'no other invariant sees it;' : `also seen by ${others.invariant};`,
    ...unprotected.map((one) => `without the ${one.net}: ${one.caught?.invariant ?? 'nothing'}`),
  ].join(' ');

await main();
