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
  const isOlder = (one: string, other: string): boolean =>
    (answered.get(one) ?? Number.POSITIVE_INFINITY) < (asked.get(other) ?? 0);

  return {
    id: 'newest-wins',
    on: (fact) => {
      facts++;
      if (fact.type === 'ordered' && fact.order.type !== 'settled') first(asked, fact.order.makes);
      if (fact.type === 'answered' && fact.order.type !== 'settled' && E.isRight(fact.answer))
        first(answered, fact.order.makes);
      if (fact.type !== 'appended') return null;
      if (fact.event.type === 'Superseded') {
        const superseded = fact.stored.stream.slice('deployment-'.length);
        return isOlder(fact.event.by, superseded)
          ? `${superseded} is superseded by ${fact.event.by}, which was asked for before it`
          : null;
      }
      if (fact.event.type !== 'Activated') return null;
      const { deployment } = fact.event.release;
      const before = live.get(fact.stored.stream);
      live.set(fact.stored.stream, deployment);
      return before !== undefined && isOlder(deployment, before)
        ? `${deployment} replaces ${before}, which was asked for after it`
        : null;
    },
  };
};
