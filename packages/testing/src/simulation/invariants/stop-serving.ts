/** What the router points at is never stopped, and never is the live one. */
import type { Invariant, Scene } from './invariant.ts';

export const stopServing = ({ truth, router }: Scene): Invariant => ({
  id: 'stop-serving',
  on: (fact) => {
    if (fact.type !== 'stopping') return null;
    const { id, order } = fact.instance;
    for (const [environment, { upstream }] of router.routes)
      if (upstream?.id === id) return `${order.key} is stopped while ${environment} is pointed at it`;
    const live = truth.environments.get(order.environment)?.live;
    return live?.instance === id ? `${order.key} is stopped while it is live` : null;
  },
});
