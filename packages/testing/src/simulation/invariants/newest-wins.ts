/** What was asked for earlier never replaces what was asked for later. */
import type { DeploymentId } from '@recourse/core';
import type { Invariant, Scene } from './invariant.ts';

export const newestWins = ({ truth }: Scene): Invariant => {
  const live = new Map<string, DeploymentId>();
  const askedAt = (id: DeploymentId | undefined): number =>
    id === undefined ? -1 : (truth.deployments.get(id)?.askedAt ?? -1);
  return {
    id: 'newest-wins',
    on: (fact) => {
      if (fact.type !== 'appended' || fact.event.type !== 'Activated') return null;
      const { deployment } = fact.event.release;
      const before = live.get(fact.stored.stream);
      live.set(fact.stored.stream, deployment);
      return askedAt(before) > askedAt(deployment)
        ? `${deployment} replaces ${before}, which was asked for after it`
        : null;
    },
  };
};
