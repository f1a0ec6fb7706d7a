/** Fences only grow, and traffic never moves back to an older one. */
import type { Invariant } from './invariant.ts';

export const fences = (): Invariant => {
  const highest = new Map<string, number>();
  return {
    id: 'fences',
    on: (fact) => {
      if (fact.type === 'routed') {
        const { was, forgot, route, environment } = fact;
        return was !== null && !forgot && route.fence < was.fence
          ? `${environment} goes back from fence ${was.fence} to ${route.fence}`
          : null;
      }
      if (fact.type !== 'appended') return null;
      const { event, stored } = fact;
      const fence =
        event.type === 'SlotTaken' ? event.fence : event.type === 'SlotAborting' ? event.restoreFence : null;
      if (fence === null) return null;
      const before = highest.get(stored.stream) ?? 0;
      highest.set(stored.stream, fence);
      return fence > before ? null : `${stored.stream} gives fence ${fence} after ${before}`;
    },
  };
};
