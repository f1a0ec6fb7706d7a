/** The smallest run that fails like a given one. */
import type { Plan } from './choices.ts';
import type { Finding } from './report.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

/** A run that takes much longer than the failing one did will not fail in the same way. */
const LONGER = 1.5;
const AT_LEAST_STEPS = 1_000;

export const smallest = ({ profile, adapters, simulation }: Finding): Promise<Shrunk> => {
  const { violation, plan, steps } = simulation;
  const stepsMax = Math.max(AT_LEAST_STEPS, LONGER * steps);
  const fails = async (smaller: Plan): Promise<boolean> => {
    const replay = await simulate({ plan: smaller, profile, adapters, stepsMax });
    return violation !== null && replay.violation?.invariant === violation.invariant;
  };
  return shrink(plan, { fails });
};
