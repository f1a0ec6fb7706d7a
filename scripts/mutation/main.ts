/**
 * `npm run mutation -- core|engine`: changes the library in small ways, one at a time, and tells which changes no test
 * notices. Each of those is explained in explained.json, or it is a failure; so is an explanation that is out of date.
 */
import { parseArgs } from 'node:util';
import type { Part } from './copy.ts';
import { isExplained, outdated } from './explained.ts';
import { type Score, writePage } from './page.ts';
import { type Mutant, mutantsOf } from './stryker.ts';

const parts: readonly Part[] = ['core', 'engine'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** A path or glob below `src` of the part: for a look at one file. Writes no score. */
    only: { type: 'string', multiple: true },
  },
});

const isFound = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';
const isSurvivor = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';

const measure = async (part: Part): Promise<Score> => {
  const mutants = await mutantsOf(part, values.only ?? ['**/*.ts']);
  const survivors = mutants.filter(isSurvivor);
  const failed = mutants.filter((mutant) => !isFound(mutant) && !isSurvivor(mutant));
  const unexplained = [...survivors.filter((mutant) => !isExplained(mutant)), ...failed];
  const old = outdated(survivors, new Set(mutants.map(({ file }) => file)));

  for (const { file, start, line, change, status } of unexplained)
    console.log(`${file}:${start.line} (${status})\n    ${line}\n    ${change}`);
  for (const one of old) console.log(`No longer so, take it out of explained.json: ${one}`);
  const found = mutants.filter(isFound).length;
  const score = { part, mutants: mutants.length, found, explained: survivors.filter(isExplained).length };
  console.log(
    `${part}: ${found} of ${mutants.length} found, ${score.explained} explained, ${unexplained.length} neither`,
  );
  if (unexplained.length + old.length > 0) process.exitCode = 1;
  return score;
};

const chosen = parts.filter((part) => positionals.length === 0 || positionals.includes(part));
if (chosen.length < positionals.length) throw new Error(`There are ${parts.join(' and ')}, not ${positionals.join()}.`);
const scores: Score[] = [];
for (const part of chosen) scores.push(await measure(part));
if (values.only === undefined) writePage(scores);
