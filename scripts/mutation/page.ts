/** Writes what was measured, and what is explained, into docs/mutation.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, root } from './copy.ts';
import { explanations } from './explained.ts';

export type Score = Readonly<{ part: Part; mutants: number; found: number; explained: number }>;

const page = join(root, 'docs', 'mutation.md');

export const writePage = (scores: readonly Score[]): void => {
  const text = readFileSync(page, 'utf8');
  const measured = scores.reduce(
    (told, score) => told.replace(new RegExp(`^\\| ${score.part} \\|.*$`, 'm'), rowOf(score)),
    text,
  );
  writeFileSync(page, replaced(measured, 'explained', tableOfExplanations()));
};

const rowOf = ({ part, mutants, found, explained }: Score): string => {
  const percent = ((100 * found) / mutants).toFixed(1);
  const left = mutants - found - explained;
  const day = new Date().toISOString().slice(0, 10);
  return `| ${part} | ${mutants} | ${found} | ${percent} % | ${explained} | ${left} | ${day} |`;
};

const tableOfExplanations = (): string =>
  [
    '| place | mutants | why nobody can see them |',
    '| --- | --- | --- |',
    ...explanations.map(({ file, line, mutants, why }) => {
      const place = `${file.replace('packages/', '').replace('/src', '')}: ${code(line)}`;
      return `| ${place} | ${mutants.map(code).join('<br>')} | ${why} |`;
    }),
  ].join('\n');

const code = (text: string): string => `\`\` ${text.replaceAll('|', '\\|')} \`\``;

const replaced = (text: string, name: string, table: string): string => {
  const [before = '', rest = ''] = text.split(`<!-- ${name}: begin -->`);
  const [, after = ''] = rest.split(`<!-- ${name}: end -->`);
  return `${before}<!-- ${name}: begin -->\n\n${table}\n\n<!-- ${name}: end -->${after}`;
};
