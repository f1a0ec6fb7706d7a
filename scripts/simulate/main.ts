/** `npm run simulate -- --seed N` replays one run; `--runs N --profile P` searches. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Campaign, unseen, unvisited } from '../../packages/testing/src/simulation/campaign.ts';
import { callFaults, isProfile, type ProfileName, profiles } from '../../packages/testing/src/simulation/faults.ts';
import { reportOf } from '../../packages/testing/src/simulation/report.ts';
import { simulate } from '../../packages/testing/src/simulation/simulate.ts';
import { search } from './search.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    /** A name, several with commas between, or `all`. */
    profile: { type: 'string', default: 'usual' },
    threads: { type: 'string', default: String(availableParallelism()) },
    /** Prints every line of the log of one run. */
    trace: { type: 'boolean', default: false },
    /** Stops after so many findings. */
    findings: { type: 'string', default: '3' },
    /** Lists every place that was never met, not only their number. */
    coverage: { type: 'boolean', default: false },
  },
});

const main = async (): Promise<void> => {
  const named = values.profile === 'all' ? Object.keys(profiles) : values.profile.split(',');
  const unknown = named.filter((name) => !isProfile(name));
  if (unknown.length > 0)
    throw new Error(`There is no profile ${unknown.join(', ')}; there are ${Object.keys(profiles).join(', ')}.`);
  const wanted = named.filter(isProfile);
  const seed = Number(values.seed);
  if (values.seed === undefined) await searchFor(wanted);
  else await replay(seed, wanted[seed % wanted.length] ?? 'usual');
};

const replay = async (seed: number, profile: ProfileName): Promise<void> => {
  const simulation = await simulate({ seed, profile, trace: values.trace });
  for (const { at, who, what } of simulation.trace) console.log(`${String(at).padStart(8)}  ${who.padEnd(6)}  ${what}`);
  const { violation, hash, steps, virtualMs, events } = simulation;
  console.log(`seed ${seed}: ${steps} steps, ${events} events, ${virtualMs} virtual ms, hash ${hash}`);
  if (violation === null) return;
  console.log(`${violation.invariant}: ${violation.detail} (at ${violation.atMs} ms, step ${violation.step})`);
  if (!values.trace) console.log(`\n${await reportOf({ seed, profile, simulation })}`);
  process.exitCode = 1;
};

const searchFor = async (wanted: readonly ProfileName[]): Promise<void> => {
  const began = performance.now();
  const runs = Number(values.runs);
  let told = 0;
  const found = await search({
    from: Number(values.from),
    runs,
    profiles: wanted,
    findingsMax: Number(values.findings),
    threads: Number(values.threads),
    onProgress: (done, findings) => {
      if (done - told < 1_000) return;
      told = done;
      const seconds = (performance.now() - began) / 1000;
      console.error(`${done} of ${runs} runs, ${findings} findings, ${seconds.toFixed(0)} s`);
    },
  });
  summary(found, performance.now() - began);
  for (const finding of found.findings) console.log(`\n${await reportOf(finding)}`);
  // A search that never came to the rare places has shown nothing about them.
  const blind = found.runs >= RUNS_TO_SEE_ALL && unseen(found).length > 0;
  if (found.findings.length > 0 || blind) process.exitCode = 1;
};

/** A search that is shorter may miss something rare without being blind. */
const RUNS_TO_SEE_ALL = 5_000;

const summary = (found: Campaign, tookMs: number): void => {
  const { runs, steps, events, virtualMs, findings, slowestSettleMs, hash } = found;
  const perSecond = (count: number) => Math.round((count / tookMs) * 1000);
  console.log(`${runs} runs (${perSecond(runs)}/s), ${steps} steps (${perSecond(steps)}/s), ${events} events`);
  console.log(`${(virtualMs / 3.6e6).toFixed(1)} virtual hours, slowest to settle ${slowestSettleMs} ms, hash ${hash}`);
  console.log(`${findings.length} findings`);
  table('faults', found.faults);
  table('seen, in how many runs', found.sightings);
  coverage(found);
  console.log(`\nnever seen: ${unseen(found).join('; ') || 'nothing'}`);
};

const coverage = (found: Campaign): void => {
  const missing = unvisited(found);
  const all = found.operations.size * callFaults.length;
  console.log(
    `\n${all - missing.length} of ${all} faults befell an operation in its place; never met: ${missing.length}`,
  );
  if (values.coverage) for (const visit of missing) console.log(`          ${visit}`);
};

const table = (title: string, counts: ReadonlyMap<string, number>): void => {
  console.log(`\n${title}`);
  for (const [name, times] of [...counts].sort((a, b) => b[1] - a[1]))
    console.log(`${String(times).padStart(8)}  ${name}`);
};

await main();
