/** What was asked for and answered before something else was asked for at all never replaces that. */
import * as E from 'fp-ts/lib/Either.js';
import type { Invariant } from './invariant.ts';

export const newestWins = (): Invariant => {
  const live = new Map<string, string>();
  /** When it was asked for and when first answered, as counted in facts. */
  const asked = new Map<string, number>();
  const answered = new Map<string, number>();
  let facts = 0;
  const first = (times: Map<string, number>, id: string | null) => {
    if (id !== null && !times.has(id)) times.set(id, facts);
  };

  return {
    id: 'newest-wins',
    on: (fact) => {
      facts++;
      if (fact.type === 'ordered' && fact.order.type !== 'settled') first(asked, fact.order.makes);
      if (fact.type === 'answered' && fact.order.type !== 'settled' && E.isRight(fact.answer))
        first(answered, fact.order.makes);
      if (fact.type !== 'appended' || fact.event.type !== 'Activated') return null;
      const { deployment } = fact.event.release;
      const before = live.get(fact.stored.stream);
      live.set(fact.stored.stream, deployment);
      if (before === undefined) return null;
      const known = answered.get(deployment) ?? Number.POSITIVE_INFINITY;
      return known < (asked.get(before) ?? 0) ? `${deployment} replaces ${before}, which was asked for after it` : null;
    },
  };
};
