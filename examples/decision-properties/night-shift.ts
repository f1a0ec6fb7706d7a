/**
 * A platform has rules of its own, which Recourse does not know. This one has a rule for the night, when nobody is there
 * to watch a build: a rollback by night starts an image that exists, and never builds one. If there is none, somebody
 * is woken. Nobody is left without a way back.
 *
 * The rule is two pure functions over what the library says anyway: the plans of `rollbackOptions`, and the events of
 * `watch`. So is the core, and so everything that can be asked of both together can be asked without an engine, a
 * store or a clock, some thousand times in a second:
 *
 *     npm test -w recourse-example-decision-properties
 *
 * test/night-shift.test.ts says what is asked. Read it next; then break a line here, and see what it finds.
 */
import type { DeploymentEvent, RollbackPlan } from '@recourse/core';

export type Watch = 'day' | 'night';

export type WayBack = Readonly<
  | { type: 'go'; plan: RollbackPlan }
  /** Only with somebody awake: then it is day. */
  | { type: 'wake'; plan: RollbackPlan; why: string }
>;

export const isBuilt = ({ decision }: RollbackPlan): boolean =>
  decision.type === 'Rebuild' || decision.type === 'RebuildAtRef';

/** Of the plans that there are, newest release first; null only if there is none. */
export const wayBack = (plans: readonly RollbackPlan[], watch: Watch): WayBack | null => {
  const [newest] = plans;
  if (newest === undefined) return null;
  if (watch === 'day') return { type: 'go', plan: newest };
  const ready = plans.find((plan) => !isBuilt(plan));
  if (ready !== undefined) return { type: 'go', plan: ready };
  return { type: 'wake', plan: newest, why: newest.reasons.join(' ') };
};

/**
 * A plan is no promise of the way: an image that is removed after it was made is rebuilt. So the rule holds on the way,
 * too: whoever watches cancels a rollback that turns to building.
 */
export const mustCancel = (event: DeploymentEvent, watch: Watch): boolean =>
  watch === 'night' && event.type === 'RebuildScheduled';
