/** After a rollback no push takes the slot until somebody says go: it would undo the rollback. */
import type { Invariant } from './invariant.ts';

export const hold = (): Invariant => {
  const held = new Set<string>();
  const automatic = new Set<string>();
  return {
    id: 'hold',
    on: (fact) => {
      if (fact.type !== 'appended') return null;
      const { event, stored } = fact;
      if (event.type === 'SlotRequested' && event.automatic) automatic.add(event.deployment);
      if (event.type === 'Activated' && event.kind === 'rollback') held.add(stored.stream);
      if (event.type === 'AutoDeployResumed') held.delete(stored.stream);
      return event.type === 'SlotTaken' && automatic.has(event.deployment) && held.has(stored.stream)
        ? `${event.deployment} takes the slot while automatic deploys wait`
        : null;
    },
  };
};
