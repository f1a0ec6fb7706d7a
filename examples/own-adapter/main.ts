/** `npm run own-adapter`: the adapter in a world where everything goes wrong, then one with a mistake in it. */
import { parseArgs } from 'node:util';
import { campaign, isProfile, reportOf } from '@recourse/testing/simulation';
import { inSimulatedWorld } from './in-simulated-world.ts';
import { startsAfresh } from './mistakes.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100' }, profile: { type: 'string', default: 'usual' } },
});
const { profile } = values;
if (!isProfile(profile)) throw new Error(`There is no profile ${profile}.`);
const search = { from: 1, runs: Number(values.runs), profiles: [profile], findingsMax: 1 };

const sound = await campaign({ ...search, adapters: inSimulatedWorld() });
const faults = [...sound.faults.values()].reduce((sum, times) => sum + times, 0);
const hours = (sound.virtualMs / 3.6e6).toFixed(1);
console.log(
  `vmRuntime: ${sound.runs} runs, ${hours} virtual hours, ${faults} faults, ${sound.findings.length} findings`,
);
for (const finding of sound.findings) console.log(`\n${await reportOf(finding)}`);

const mistaken = await campaign({ ...search, adapters: inSimulatedWorld(startsAfresh) });
console.log(`with a mistake: ${mistaken.findings.length === 0 ? 'not found' : 'found'} in ${mistaken.runs} runs\n`);
for (const finding of mistaken.findings) console.log(await reportOf(finding));

process.exitCode = sound.findings.length === 0 && mistaken.findings.length === 1 ? 0 : 1;
