/**
 * Searches for any violation, profile after profile, until the budget is spent; says what it found as JSON. With `small`,
 * also the few choices that it takes.
 */

import type { Plan } from '../../packages/testing/src/simulation/choices.ts';
import { isProfile } from '../../packages/testing/src/simulation/faults.ts';
import { shrink } from '../../packages/testing/src/simulation/shrink.ts';
import { simulate } from '../../packages/testing/src/simulation/simulate.ts';

const [runsMax = '1000', ...named] = process.argv.slice(2);
const small = named.includes('small');
const hunted = named.filter(isProfile);
const began = performance.now();

const hunt = async (): Promise<object> => {
  for (let runs = 1; runs <= Number(runsMax); runs++) {
    const profile = hunted[runs % hunted.length] ?? 'usual';
    const { violation, plan: drawn } = await simulate({ seed: runs, profile });
    if (violation === null) continue;
    const { invariant, detail } = violation;
    const fails = async (plan: Plan) => (await simulate({ plan, profile })).violation?.invariant === invariant;
    const plan = small ? [...(await shrink(drawn, { fails })).plan] : undefined;
    return {
      found: true,
      invariant,
      detail,
      seed: runs,
      profile,
      runs,
      plan,
      ms: Math.round(performance.now() - began),
    };
  }
  return { found: false, runs: Number(runsMax), ms: Math.round(performance.now() - began) };
};

console.log(JSON.stringify(await hunt()));
