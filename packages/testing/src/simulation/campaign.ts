/** Many runs, one after another: what they found, and what they came by. */
import { callFaults, type ProfileName } from './faults.ts';
import { count } from './lab.ts';
import type { Finding } from './report.ts';
import { mustSee, mustSeeInTheLongRun } from './sightings.ts';
import { simulate } from './simulate.ts';

export type CampaignOptions = Readonly<{
  from: number;
  runs: number;
  profile: ProfileName;
  /** Stops after so many findings. */
  findingsMax?: number;
  /** Told after every run. */
  onRun?: (done: number, findings: number) => void;
}>;

export type Campaign = Readonly<{
  runs: number;
  findings: readonly Finding[];
  steps: number;
  events: number;
  virtualMs: number;
  slowestSettleMs: number;
  faults: ReadonlyMap<string, number>;
  visits: ReadonlyMap<string, number>;
  operations: ReadonlyMap<string, number>;
  sightings: ReadonlyMap<string, number>;
}>;

export const campaign = async ({
  from,
  runs,
  profile,
  findingsMax = 10,
  onRun,
}: CampaignOptions): Promise<Campaign> => {
  const findings: Finding[] = [];
  const faults = new Map<string, number>();
  const visits = new Map<string, number>();
  const operations = new Map<string, number>();
  const sightings = new Map<string, number>();
  const sums = { runs: 0, steps: 0, events: 0, virtualMs: 0, slowestSettleMs: 0 };
  for (let seed = from; seed < from + runs && findings.length < findingsMax; seed++) {
    const simulation = await simulate({ seed, profile });
    sums.runs++;
    sums.steps += simulation.steps;
    sums.events += simulation.events;
    sums.virtualMs += simulation.virtualMs;
    sums.slowestSettleMs = Math.max(sums.slowestSettleMs, simulation.settledAfterMs ?? 0);
    for (const [name, times] of simulation.counts.faults) count(faults, name, times);
    for (const [name, times] of simulation.counts.visits) count(visits, name, times);
    for (const [name, times] of simulation.counts.operations) count(operations, name, times);
    // How many runs saw it, not how often.
    for (const name of simulation.counts.sightings.keys()) count(sightings, name);
    if (simulation.violation !== null) findings.push({ seed, profile, simulation });
    onRun?.(sums.runs, findings.length);
  }
  return { ...sums, findings, faults, visits, operations, sightings };
};

/** As many runs as it takes to come to what is very rare. */
const LONG_RUN = 3_000;

/** What every campaign of some size has to have seen, and this one has not. */
export const unseen = ({ sightings, runs }: Campaign): readonly string[] =>
  [...mustSee, ...(runs >= LONG_RUN ? mustSeeInTheLongRun : [])].filter((what) => !sightings.has(what));

/** Every pair of an operation and what may befall it that never met. */
export const unvisited = ({ operations, visits }: Campaign): readonly string[] =>
  [...operations.keys()]
    .sort()
    .flatMap((operation) => callFaults.map((fault) => `${operation} × ${fault}`))
    .filter((pair) => !visits.has(pair));
