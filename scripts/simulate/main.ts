/** `npm run simulate -- --seed N` replays one run; `--runs N --profile P` searches. */
import { parseArgs } from 'node:util';
import { type Campaign, campaign, unseen, unvisited } from '../../packages/testing/src/simulation/campaign.ts';
import { isProfile, type ProfileName, profiles } from '../../packages/testing/src/simulation/faults.ts';
import { reportOf } from '../../packages/testing/src/simulation/report.ts';
import { simulate } from '../../packages/testing/src/simulation/simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'usual' },
    /** Prints every line of the log. */
    trace: { type: 'boolean', default: false },
    findings: { type: 'string', default: '3' },
  },
});

const main = async (): Promise<void> => {
  const { profile } = values;
  if (!isProfile(profile))
    throw new Error(`There is no profile ${profile}; there are ${Object.keys(profiles).join(', ')}.`);
  if (values.seed === undefined) await search(profile);
  else await replay(Number(values.seed), profile);
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

const search = async (profile: ProfileName): Promise<void> => {
  const began = performance.now();
  const runs = Number(values.runs);
  const told = await campaign({
    from: Number(values.from),
    runs,
    profile,
    findingsMax: Number(values.findings),
    onRun: (done, findings) => {
      if (done % 500 === 0) console.error(`${done} of ${runs} runs, ${findings} findings`);
    },
  });
  summary(told, performance.now() - began);
  for (const finding of told.findings) console.log(`\n${await reportOf(finding)}`);
  if (told.findings.length > 0) process.exitCode = 1;
};

const summary = (told: Campaign, tookMs: number): void => {
  const { runs, steps, events, virtualMs, findings, slowestSettleMs } = told;
  const perSecond = Math.round((steps / tookMs) * 1000);
  console.log(
    `${runs} runs, ${steps} steps (${perSecond}/s), ${events} events, ${(virtualMs / 3.6e6).toFixed(1)} virtual hours`,
  );
  console.log(`${findings.length} findings, slowest to settle ${slowestSettleMs} ms`);
  table('faults', told.faults);
  table('seen, in how many runs', told.sightings);
  console.log(`\nnever seen: ${unseen(told).join('; ') || 'nothing'}`);
  console.log(`never met: ${unvisited(told).join(', ') || 'nothing'}`);
};

const table = (title: string, counts: ReadonlyMap<string, number>): void => {
  console.log(`\n${title}`);
  for (const [name, times] of [...counts].sort((a, b) => b[1] - a[1]))
    console.log(`${String(times).padStart(8)}  ${name}`);
};

await main();
