/** Whose turn it is. One holds the slot; the rest stand in line, and the line knows the difference that a rollback makes. */
import type { DeploymentId } from '../identity.ts';
import type { Candidate, Environment, Slot } from './environment.ts';

export type Turn = Readonly<
  | { type: 'Yours' }
  /** Something newer makes this one pointless. */
  | { type: 'Superseded'; by: DeploymentId }
  /** The holder is older than this rollback and should give way, if it has not begun to promote. */
  | { type: 'Preempt'; holder: DeploymentId }
  | { type: 'Behind'; holder: DeploymentId }
  /** Automatic deploys wait until somebody says go. */
  | { type: 'Held'; by: DeploymentId }
>;

/**
 * - Newest wins: a newer deploy supersedes one that waits, a newer rollback an older rollback, and whatever is live
 *   supersedes all that was asked before it.
 * - A rollback goes ahead of every waiting deploy, and asks an older holder to give way.
 * - After a rollback, automatic deploys wait; one that waits so does not supersede a deploy that somebody asked for.
 */
export const turnOf = (candidate: Candidate, environment: Environment): Turn => {
  const by = supersederOf(candidate, environment);
  if (by !== undefined) return { type: 'Superseded', by };
  const { heldBy, slot, waiting } = environment;
  if (candidate.automatic && heldBy !== null) return { type: 'Held', by: heldBy };

  if (slot !== null) return { type: givesWay(slot, candidate) ? 'Preempt' : 'Behind', holder: slot.deployment };

  const rollback = waiting.find((one) => one.kind === 'rollback' && supersederOf(one, environment) === undefined);
  return candidate.kind === 'deploy' && rollback !== undefined
    ? { type: 'Behind', holder: rollback.deployment }
    : { type: 'Yours' };
};

const givesWay = (slot: Slot, candidate: Candidate): boolean =>
  candidate.kind === 'rollback' && slot.phase === 'taken' && slot.order < candidate.order;

/** Held, or about to be: as long as a rollback is on its way, nobody knows whether automatic deploys will wait. */
const mayBeHeld = (candidate: Candidate, { heldBy, slot, waiting }: Environment): boolean =>
  candidate.automatic &&
  (heldBy !== null || slot?.kind === 'rollback' || waiting.some(({ kind }) => kind === 'rollback'));

const supersederOf = (candidate: Candidate, environment: Environment): DeploymentId | undefined => {
  const { live, slot, waiting } = environment;
  if (live !== null && live.order > candidate.order) return live.release.deployment;
  const rivals = slot === null ? waiting : [...waiting, slot];
  return rivals.find(
    (one) =>
      one.kind === candidate.kind &&
      one.order > candidate.order &&
      (candidate.automatic || !mayBeHeld(one, environment)),
  )?.deployment;
};
