/** Writes what the hunts for planted bugs brought into docs/planted-bugs.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catch } from './hunt.ts';
import { invariantIds, neverAlone } from './invariant-ids.ts';
import type { PlantedBug } from './planted-bugs.ts';

export type Row = Readonly<{
  bug: PlantedBug;
  caught: Catch | null;
  /** Found with the invariant that caught it looking away: by which other one. */
  others: Catch | null;
  unprotected: readonly Readonly<{ net: string; caught: Catch | null }>[];
}>;

const page = join(import.meta.dirname, '..', '..', 'docs', 'planted-bugs.md');
const BEGIN = '<!-- written by npm run mutants: begin -->';
const END = '<!-- end -->';
const ALONE_BEGIN = '<!-- written by npm run mutants: alone -->';
const ALONE_END = '<!-- end of alone -->';

/** Rows of bugs that were not looked for this time stay as they are. */
export const writeTable = (rows: readonly Row[]): void => {
  const text = readFileSync(page, 'utf8');
  const [before = ''] = text.split(BEGIN);
  const [, after = ''] = text.split(END);
  const lines = new Map(
    (text.split(END)[0] ?? '').split('\n').flatMap((line) => (line.startsWith('| `') ? [[nameIn(line), line]] : [])),
  );
  for (const row of rows) lines.set(row.bug.name, rowOf(row));
  const table = [
    '| planted | found as | also seen by | seed | runs | choices | ms | no sweeper | no reaper | why it is not found |',
    '|---|---|---|---|---:|---:|---:|---|---|---|',
    ...[...lines.keys()].sort().flatMap((name) => lines.get(name) ?? []),
  ].join('\n');
  const [between = ''] = after.split(ALONE_BEGIN);
  const [, rest = ''] = after.split(ALONE_END);
  const alone = tableOfAlone([...lines.values()]);
  writeFileSync(
    page,
    `${before}${BEGIN}\n\n${table}\n\n${END}${between}${ALONE_BEGIN}\n\n${alone}\n\n${ALONE_END}${rest}`,
  );
};

/** For each invariant the bugs that no other one sees; or why there are none. */
const tableOfAlone = (rows: readonly string[]): string => {
  const cells = rows.map((row) => row.split(' | '));
  return [
    '| invariant | planted bugs that it alone sees |',
    '|---|---|',
    ...invariantIds.map((id) => {
      const alone = cells.flatMap(([planted = '', found, also]) =>
        found?.trim() === id && also?.trim() === 'nobody' ? [`\`${nameIn(planted)}\``] : [],
      );
      return `| \`${id}\` | ${alone.length > 0 ? alone.join(', ') : `none. ${neverAlone[id] ?? 'Nobody has said why.'}`} |`;
    }),
  ].join('\n');
};

const rowOf = ({ bug, caught, others, unprotected }: Row): string => {
  const without = (net: string) => {
    const one = unprotected.find((tried) => tried.net === net);
    return one === undefined ? 'is the bug' : (one.caught?.invariant ?? '');
  };
  const cells = [
    `\`${bug.name}\`${bug.real === true ? ' (real)' : ''}: ${bug.says}`,
    caught?.invariant ?? '',
    caught === null ? '' : (others?.invariant ?? 'nobody'),
    caught === null ? '' : `${caught.seed} ${caught.profile}`,
    caught?.runs ?? '',
    caught?.small?.plan.length ?? '',
    caught?.small?.ms ?? '',
    without('sweeper'),
    without('reaper'),
    bug.hidden ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
};

const nameIn = (line: string): string => line.split('`')[1] ?? '';
