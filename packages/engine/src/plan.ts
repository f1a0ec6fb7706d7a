/** Plans a rollback: reads and probes, and writes nothing. */
import {
  checkTarget,
  decideRestore,
  defaultTarget,
  type Finding,
  planRollback,
  type Rejection,
  type Release,
  type RollbackPlan,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Advancing } from './advance.ts';
import { orFault } from './fault.ts';
import type { PlanQuery } from './input.ts';

export const planFor = async (
  { ports, journal }: Pick<Advancing, 'ports' | 'journal'>,
  { environment, target: wanted, config: configMode, acceptMovedRef }: PlanQuery,
): Promise<E.Either<Rejection, RollbackPlan>> => {
  const { state } = await journal.environment(environment);
  const id = wanted ?? defaultTarget(state)?.deployment;
  if (id === undefined) return E.left({ code: 'NothingToRollBackTo', environment });

  const { state: target } = await journal.deployment(id);
  const release = checkTarget(environment, id, target, state);
  if (E.isLeft(release)) return release;
  const finding = await findingOf(ports, release.right, acceptMovedRef);
  // A rollback by reuse has no build of its own to go by; the deployment that first made the release has.
  const { state: origin } = await journal.deployment(release.right.origin);
  const durations = [target.durations, origin.durations];
  return planRollback({ environment, state, durations, finding, configMode, acceptMovedRef }, release.right);
};

/** Looks for the image, if that is what the decision depends on. */
const findingOf = async (
  { images }: Advancing['ports'],
  target: Release,
  acceptMovedRef: boolean,
): Promise<Finding | null> => {
  const decision = decideRestore({ target, finding: null, acceptMovedRef });
  return decision.type === 'Probe' ? orFault(images.probe(decision.image)) : null;
};

/** A release that could be gone back to, and how. */
export type RollbackOption = Readonly<{
  target: Release;
  /** The plan, or why there is none. */
  plan: E.Either<Rejection, RollbackPlan>;
}>;

/** The releases that were live before, newest first, each with what a rollback to it would do now. */
export const optionsFor = async (
  advancing: Pick<Advancing, 'ports' | 'journal'>,
  environment: PlanQuery['environment'],
): Promise<readonly RollbackOption[]> => {
  const { proven, live } = (await advancing.journal.environment(environment)).state;
  const origins = new Set(live === null ? [] : [live.release.origin]);
  const options: RollbackOption[] = [];
  for (const target of [...proven].reverse()) {
    if (origins.has(target.origin)) continue;
    origins.add(target.origin);
    const query = { environment, target: target.deployment, config: 'then', acceptMovedRef: false } as const;
    options.push({ target, plan: await planFor(advancing, query) });
  }
  return options;
};
