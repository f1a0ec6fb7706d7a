/** The mutants that nobody can see, each with its reason. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Mutant } from './stryker.ts';

const Explanation = z.strictObject({
  file: z.string(),
  /** The line of code in which the mutants begin. */
  line: z.string(),
  mutants: z.array(z.string()).min(1),
  why: z.string(),
});
export type Explanation = Readonly<z.infer<typeof Explanation>>;

export const explanations: readonly Explanation[] = z
  .array(Explanation)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'explained.json'), 'utf8')));

const explains = ({ file, line, mutants }: Explanation, mutant: Mutant): boolean =>
  file === mutant.file && line === mutant.line && mutants.includes(mutant.change);

export const isExplained = (mutant: Mutant): boolean => explanations.some((one) => explains(one, mutant));

/** Explanations of mutants that are not there any more, or that a test has found by now. */
export const outdated = (survivors: readonly Mutant[], files: ReadonlySet<string>): readonly string[] =>
  explanations
    .filter(({ file }) => files.has(file))
    .flatMap((one) =>
      one.mutants
        .filter((change) => !survivors.some((mutant) => explains({ ...one, mutants: [change] }, mutant)))
        .map((change) => `${one.file}: ${one.line}: ${change}`),
    );
