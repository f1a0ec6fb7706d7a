/** Every effect was announced before it was begun, and nothing is stopped but on facts that stay true. */
import type { SimInstance } from '../ports/engine.ts';
import type { Invariant, Scene } from './invariant.ts';

export const intentFirst = ({ truth }: Scene): Invariant => {
  const stopProblem = ({ order: { key, deployment } }: SimInstance): string | null => {
    const known = truth.deployments.get(deployment);
    if (known === undefined) return `${key} is stopped, but belongs to nobody`;
    if (known.ending !== null || known.retired || known.intents.has(`stop-instance ${key}`)) return null;
    if (known.promoted && known.instance?.key !== key) return null;
    const retired = [...truth.deployments.values()].some(({ intents }) => intents.has(`retire-previous ${key}`));
    return retired ? null : `${key} is stopped without any intent`;
  };

  return {
    id: 'intent-first',
    on: (fact) => {
      if (fact.type === 'stopping') return stopProblem(fact.instance);
      if (fact.type !== 'issued') return null;
      const { effect, key, deployment } = fact;
      const announced = truth.deployments.get(deployment)?.intents.has(`${effect} ${key}`);
      return announced ? null : `${effect} ${key} is begun without an intent`;
    },
  };
};
