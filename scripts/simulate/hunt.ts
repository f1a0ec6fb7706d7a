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
  small: Shrunk | null;
}>;

/** What is left of a failing run, and how long it took to come down to that. */
type Shrunk = Readonly<{ plan: readonly (readonly [string, number])[]; ms: number }>;

const hunt = async (quarry: Quarry): Promise<Catch | null> => {
  const first = await nextFailing(quarry, 1, quarry.runs);
  const violation = first?.simulation.violation ?? null;
  if (first === null || violation === null) return null;
  const { seed, profile } = first;
  const { invariant, detail } = violation;
  return { invariant, detail, seed, profile, runs: seed, small: quarry.small ? await easiest(quarry, first) : null };
};

const nextFailing = async ({ profiles, without }: Quarry, from: number, to: number): Promise<Finding | null> => {
  const looking = without === undefined ? {} : { without };
  for (let seed = from; seed <= to; seed++) {
    const profile = profiles[seed % profiles.length] ?? 'usual';
    const simulation = await simulate({ seed, profile, ...looking });
    if (simulation.violation !== null) return { seed, profile, simulation };
  }
  return null;
};

/** A person who reads it would rather have a few choices than the first seed. */
const FEW = 12;
const OTHERS_MAX = 3;

/** What is found may be hard to make small, and what is found next easy. */
const easiest = async (quarry: Quarry, first: Finding): Promise<Catch['small']> => {
  let best = await shrunk(first);
  let seed = first.seed;
  for (let others = 0; others < OTHERS_MAX && best.plan.length > FEW; others++) {
    const other = await nextFailing(quarry, seed + 1, seed + 2 * first.seed + 50);
    if (other === null) break;
    seed = other.seed;
    if (other.simulation.violation?.invariant !== first.simulation.violation?.invariant) continue;
    const made = await shrunk(other);
    if (made.plan.length < best.plan.length) best = made;
  }
  return best;
};

const shrunk = async (finding: Finding): Promise<Shrunk> => {
  const began = performance.now();
  const { plan } = await smallest(finding);
  return { plan: [...plan], ms: Math.round(performance.now() - began) };
};

const quarry: Quarry = JSON.parse(process.argv[2] ?? '');
console.log(JSON.stringify(await hunt(quarry)));
