/**
 * Who asks to go back without saying where gets the release that was live before the one that is: never the one before
 * by number, never one that was not live. "Is" is any moment between the question and its record.
 */
import type { DeploymentId } from '@recourse/core';
import type { Fact } from '../facts.ts';
import type { Invariant, Scene } from './invariant.ts';

type WasLive = Readonly<{ deployment: DeploymentId; origin: DeploymentId }>;

export const rightTarget = ({ readsLag }: Scene): Invariant => {
  /** Every release that went live in an environment, oldest first. */
  const lives = new Map<string, WasLive[]>();
  /** How many had gone live when a rollback to nobody in particular was first asked for. */
  const asked = new Map<string, number>();
  const livesIn = (environment: string): readonly WasLive[] => lives.get(`environment-${environment}`) ?? [];

  const take = ({ event, stored }: Extract<Fact, { type: 'appended' }>): string | null => {
    if (event.type === 'Activated') {
      const { deployment, origin } = event.release;
      lives.set(stored.stream, [...(lives.get(stored.stream) ?? []), { deployment, origin }]);
    }
    if (event.type !== 'RollbackRequested' || readsLag) return null;
    const since = asked.get(event.deployment);
    if (since === undefined) return null;
    const all = livesIn(event.environment);
    const right = Array.from({ length: all.length - since + 1 }, (_, later) => before(all.slice(0, since + later)));
    const { deployment } = event.target;
    return right.includes(deployment) ? null : `${event.deployment} goes back to ${deployment}, not to ${right.at(-1)}`;
  };

  return {
    id: 'right-target',
    on: (fact) => {
      if (fact.type === 'appended') return take(fact);
      if (fact.type !== 'ordered') return null;
      const { makes, environment, target } = fact.order;
      if (makes !== null && target === 'the one before' && !asked.has(makes))
        asked.set(makes, livesIn(environment).length);
      return null;
    },
  };
};

/** The last one that was another release than what is live. */
const before = (all: readonly WasLive[]): DeploymentId | undefined =>
  all.findLast(({ origin }) => origin !== all.at(-1)?.origin)?.deployment;
