/** One deployment at a time may act in an environment, and traffic goes only to what is live or is being promoted. */
import type { DeploymentId } from '@recourse/core';
import type { Fact } from '../facts.ts';
import type { Invariant, Scene } from './invariant.ts';

type Holder = Readonly<{ deployment: DeploymentId; fence: number; restoreFence: number | null }>;

export const oneLive = (scene: Scene): Invariant => {
  const holders = new Map<string, Holder>();
  /** A router that was restarted since may point elsewhere again: before anything is stopped it is put right. */
  const pointedAt = new Set<string>();
  return {
    id: 'one-live',
    on: (fact) => {
      if (fact.type === 'appended' && fact.stored.stream.startsWith('environment-'))
        return afterEvent(scene, holders, pointedAt, fact.stored.stream.slice('environment-'.length), fact);
      if (fact.type !== 'routed') return null;
      if (fact.route.upstream !== null) pointedAt.add(fact.route.upstream.id);
      return afterRoute(scene, fact);
    },
  };
};

const afterEvent = (
  { truth, router }: Scene,
  holders: Map<string, Holder>,
  pointedAt: ReadonlySet<string>,
  environment: string,
  { event }: Extract<Fact, { type: 'appended' }>,
): string | null => {
  const holder = holders.get(environment);
  switch (event.type) {
    case 'SlotTaken':
      if (holder) return `${event.deployment} takes the slot that ${holder.deployment} holds`;
      holders.set(environment, { deployment: event.deployment, fence: event.fence, restoreFence: null });
      return null;
    case 'SlotAborting':
      if (holder?.deployment !== event.deployment) return `${event.deployment} aborts without the slot`;
      holders.set(environment, { ...holder, restoreFence: event.restoreFence });
      return null;
    case 'Activated': {
      const { deployment, fence } = event.release;
      holders.delete(environment);
      if (holder?.deployment !== deployment || holder.fence !== fence)
        return `${deployment} is activated without the slot`;
      if (holder.restoreFence !== null) return `${deployment} is activated while it is being aborted`;
      return pointedAt.has(event.instance.id) ? null : `${deployment} is activated before the traffic is switched`;
    }
    case 'SlotReleased': {
      if (holder?.deployment !== event.deployment) return null;
      holders.delete(environment);
      const begun = truth.deployments.get(event.deployment);
      const promoted = [...(begun?.intents ?? [])].some((intent) => intent.startsWith('promote '));
      if (promoted && holder.restoreFence === null) return `${event.deployment} frees the slot in mid-promotion`;
      const route = routeOf(router, environment);
      return holder.restoreFence !== null && route !== undefined && route.fence < holder.restoreFence
        ? `${event.deployment} frees the slot before the traffic is back`
        : null;
    }
    default:
      return null;
  }
};

/** None, if the router was restarted since. */
const routeOf = ({ routes, forgot }: Scene['router'], environment: string) =>
  [...routes].find(([name]) => name === environment && !forgot(name))?.[1];

const afterRoute = ({ truth }: Scene, fact: Extract<Fact, { type: 'routed' }>): string | null => {
  // A router without a memory cannot tell what is stale; it is put right by the next sweep.
  if (fact.forgot) return null;
  const { environment, route } = fact;
  const known = truth.environments.get(environment);
  const { upstream, fence } = route;
  if (upstream === null) return known?.live ? `${environment} is pointed nowhere while something is live` : null;
  if (known?.live?.instance === upstream.id) return null;
  const holder = known?.slot ? truth.deployments.get(known.slot.deployment) : undefined;
  if (holder?.instance?.id === upstream.id && known?.slot?.fence === fence) return null;
  return `${environment} is pointed at ${upstream.id} under fence ${fence}, which neither is live nor holds the slot`;
};
