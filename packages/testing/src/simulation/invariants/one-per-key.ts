/** A key names one instance: whoever starts it again, and from wherever, finds the first. */
import type { Invariant, Scene } from './invariant.ts';

export const onePerKey = ({ engine }: Scene): Invariant => ({
  id: 'one-per-key',
  on: (fact) => {
    if (fact.type !== 'started' || fact.adopted) return null;
    const { id, order } = fact.instance;
    const other = [...engine.instances.values()].find(
      (one) => one.id !== id && one.order.key === order.key && one.running && !one.stopping,
    );
    return other === undefined ? null : `${order.key} runs twice, as ${other.id} and as ${id}`;
  },
});
