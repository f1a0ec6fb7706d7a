/**
 * Searches for any violation, one profile after the other, until its runs are used up; says what it found as JSON.
 * Parameter: a JSON object of `Quarry`. It runs in a process of its own, on a copy of the library with a bug in it.
 */
import type { ProfileName } from '../../packages/testing/src/simulation/faults.ts';
import type { Finding } from '../../packages/testing/src/simulation/report.ts';
import { simulate } from '../../packages/testing/src/simulation/simulate.ts';
import { smallest } from '../../packages/testing/src/simulation/smallest.ts';

export type Quarry = Readonly<{
  runs: number;
  profiles: readonly ProfileName[];
  /** Looks away from this invariant. */
  without?: string;
  /** Also says how few choices it takes. */
  small?: boolean;
}>;

export type Catch = Readonly<{
  invariant: string;
  detail: string;
  seed: number;
  profile: ProfileName;
  runs: number;
  small: Readonly<{ plan: readonly (readonly [string, number])[]; ms: number }> | null;
}>;

const hunt = async ({ runs, profiles, without, small = false }: Quarry): Promise<Catch | null> => {
  const looking = without === undefined ? {} : { without };
  for (let seed = 1; seed <= runs; seed++) {
    const profile = profiles[seed % profiles.length] ?? 'usual';
    const simulation = await simulate({ seed, profile, ...looking });
    if (simulation.violation === null) continue;
    const { invariant, detail } = simulation.violation;
    const made = small ? await shrunk({ seed, profile, simulation }) : null;
    return { invariant, detail, seed, profile, runs: seed, small: made };
  }
  return null;
};

const shrunk = async (finding: Finding): Promise<Catch['small']> => {
  const began = performance.now();
  const { plan } = await smallest(finding);
  return { plan: [...plan], ms: Math.round(performance.now() - began) };
};

const quarry: Quarry = JSON.parse(process.argv[2] ?? '');
console.log(JSON.stringify(await hunt(quarry)));
