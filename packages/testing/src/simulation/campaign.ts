/** Many runs, one after another: what they found, and what they came by. */
import type { Adapters } from './adapters.ts';
import { callFaults, type ProfileName } from './faults.ts';
import { hashed, hashStart, hexOf } from './hash.ts';
import { count } from './lab.ts';
import type { Finding } from './report.ts';
import { mustSee, mustSeeInTheLongRun } from './sightings.ts';
import { type Simulation, simulate } from './simulate.ts';

export type CampaignOptions = Readonly<{
  /** The first seed. */
  from: number;
  /** How many seeds, one after the other. */
  runs: number;
  /** In turn: seed n runs under the profile at n modulo their number. */
  profiles: readonly ProfileName[];
  adapters?: Adapters | undefined;
  /** Stops after so many findings. Default 10. */
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
  /** The longest that a run took to settle after its last order, in virtual milliseconds. */
  slowestSettleMs: number;
  /** Over the logs of all runs: two campaigns that agree on it did the same, to the last character. */
  hash: string;
  /** How often each fault came about. */
  faults: ReadonlyMap<string, number>;
  /** `place operation × fault`, how often. */
  visits: ReadonlyMap<string, number>;
  /** `place operation`, how often, whatever befell it. */
  operations: ReadonlyMap<string, number>;
  /** In how many runs each rare thing was seen. */
  sightings: ReadonlyMap<string, number>;
}>;

/** Runs seed after seed, each in less than a tenth of a second. */
export const campaign = async (options: CampaignOptions): Promise<Campaign> => {
  const { from, runs, profiles, adapters, findingsMax = 10, onRun } = options;
  const tally = createTally();
  for (let seed = from; seed < from + runs && tally.findings.length < findingsMax; seed++) {
    const profile = profiles[seed % profiles.length] ?? 'usual';
    const simulation = await simulate({ seed, profile, adapters });
    tally.add(simulation);
    if (simulation.violation !== null) tally.findings.push({ seed, profile, adapters, simulation });
    onRun?.(seed - from + 1, tally.findings.length);
  }
  return tally.campaign();
};

const createTally = () => {
  const sums = { runs: 0, steps: 0, events: 0, virtualMs: 0, slowestSettleMs: 0 };
  const findings: Finding[] = [];
  const faults = new Map<string, number>();
  const visits = new Map<string, number>();
  const operations = new Map<string, number>();
  const sightings = new Map<string, number>();
  let hash = hashStart;
  return {
    findings,
    add: ({ steps, events, virtualMs, settledAfterMs, counts, hash: ofRun }: Simulation) => {
      sums.runs++;
      sums.steps += steps;
      sums.events += events;
      sums.virtualMs += virtualMs;
      sums.slowestSettleMs = Math.max(sums.slowestSettleMs, settledAfterMs ?? 0);
      hash = hashed(hash, ofRun);
      addAll(faults, counts.faults);
      addAll(visits, counts.visits);
      addAll(operations, counts.operations);
      for (const name of counts.sightings.keys()) count(sightings, name);
    },
    campaign: (): Campaign => ({ ...sums, findings, hash: hexOf(hash), faults, visits, operations, sightings }),
  };
};

const addAll = (to: Map<string, number>, from: ReadonlyMap<string, number>): void => {
  for (const [name, times] of from) count(to, name, times);
};

/** Campaigns over different seeds, as one. */
export const together = (campaigns: readonly Campaign[]): Campaign => {
  const sum = (of: (one: Campaign) => number) => campaigns.reduce((total, one) => total + of(one), 0);
  const all = (of: (one: Campaign) => ReadonlyMap<string, number>) => {
    const counts = new Map<string, number>();
    for (const one of campaigns) addAll(counts, of(one));
    return counts;
  };
  return {
    runs: sum(({ runs }) => runs),
    findings: campaigns.flatMap(({ findings }) => findings),
    steps: sum(({ steps }) => steps),
    events: sum(({ events }) => events),
    virtualMs: sum(({ virtualMs }) => virtualMs),
    slowestSettleMs: Math.max(0, ...campaigns.map(({ slowestSettleMs }) => slowestSettleMs)),
    hash: hexOf(campaigns.reduce((hash, one) => hashed(hash, one.hash), hashStart)),
    faults: all(({ faults }) => faults),
    visits: all(({ visits }) => visits),
    operations: all(({ operations }) => operations),
    sightings: all(({ sightings }) => sightings),
  };
};

/** As many runs as it takes to come to what is very rare. */
const LONG_RUN = 3_000;

/** What every campaign of some size has to have seen, and this one has not. */
export const unseen = ({ sightings, runs }: Campaign): readonly string[] =>
  [...mustSee, ...(runs >= LONG_RUN ? mustSeeInTheLongRun : [])].filter((what) => !sightings.has(what));

/** Every operation, in its place, and what may befall it that never met. */
export const unvisited = ({ operations, visits }: Campaign): readonly string[] =>
  [...operations.keys()]
    .sort()
    .flatMap((operation) => callFaults.map((fault) => `${operation} × ${fault}`))
    .filter((visit) => !visits.has(visit));
