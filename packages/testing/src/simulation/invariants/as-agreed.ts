/**
 * What somebody agreed to is what is done: the release that the plan named, and only if what was live when the plan was
 * made was live at some moment since it was agreed to. Otherwise it is refused.
 */
import type { DeploymentId } from '@recourse/core';
import type { Fact } from '../facts.ts';
import type { Invariant, Scene } from './invariant.ts';

type Agreed = Readonly<{ target: DeploymentId; live: DeploymentId | null; since: number }>;

export const asAgreed = ({ readsLag }: Scene): Invariant => {
  /** Every deployment that went live in an environment, oldest first. */
  const lives = new Map<string, DeploymentId[]>();
  /** By the deployment that the rollback makes: the plan, and what was live when it was first agreed to. */
  const agreed = new Map<string, Agreed>();
  const livesIn = (environment: string): readonly DeploymentId[] => lives.get(`environment-${environment}`) ?? [];

  const take = ({ event, stored }: Extract<Fact, { type: 'appended' }>): string | null => {
    if (event.type === 'Activated')
      lives.set(stored.stream, [...(lives.get(stored.stream) ?? []), event.release.deployment]);
    if (event.type !== 'RollbackRequested') return null;
    const plan = agreed.get(event.deployment);
    if (plan === undefined) return null;
    const { target, live, since } = plan;
    if (event.target.deployment !== target)
      return `${event.deployment} goes back to ${event.target.deployment}, and agreed was ${target}`;
    const all = livesIn(event.environment);
    const wasLive = live === null ? since === 0 : all.slice(Math.max(0, since - 1)).includes(live);
    return wasLive || readsLag
      ? null
      : `${event.deployment} was agreed to with ${live} live, and is carried out with ${all.at(-1)} live`;
  };

  return {
    id: 'as-agreed',
    on: (fact) => {
      if (fact.type === 'appended') return take(fact);
      if (fact.type !== 'agreed' || agreed.has(fact.makes)) return null;
      const { environment, target, live } = fact.plan;
      agreed.set(fact.makes, { target: target.deployment, live, since: livesIn(environment).length });
      return null;
    },
  };
};
