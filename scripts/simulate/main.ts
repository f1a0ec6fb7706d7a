import { simulate } from '../../packages/testing/src/simulation/simulate.ts';

const from = Number(process.argv[2] ?? 1);
const runs = Number(process.argv[3] ?? 1);
const began = process.hrtime.bigint();
let steps = 0;
for (let seed = from; seed < from + runs; seed++) {
  const result = await simulate({ seed, trace: runs === 1 });
  steps += result.steps;
  if (runs === 1) for (const { at, who, what } of result.trace) console.log(at, who, what.slice(0, 260));
  if (runs === 1 || result.violation)
    console.log(
      seed,
      result.hash,
      result.steps,
      result.virtualMs,
      result.settledAfterMs,
      result.events,
      result.violation,
    );
}
const ms = Number(process.hrtime.bigint() - began) / 1e6;
console.log(`${runs} runs, ${steps} steps, ${ms.toFixed(0)} ms, ${Math.round((steps / ms) * 1000)} steps/s`);
