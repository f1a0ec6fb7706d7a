/** What is written down of an image was really found: what could not be looked at is not absent, what moved is not it. */
import type { Digest, Finding } from '@recourse/core';
import type { Invariant } from './invariant.ts';

export const honestFinding = (): Invariant => {
  const found = new Map<Digest, Set<Finding>>();
  return {
    id: 'honest-finding',
    on: (fact) => {
      if (fact.type === 'looked') {
        const findings = found.get(fact.digest) ?? new Set();
        found.set(fact.digest, findings.add(fact.finding));
      }
      if (fact.type !== 'appended') return null;
      const { event } = fact;
      if (event.type === 'ImageProbed' && !found.get(event.image.digest)?.has(event.finding))
        return `${event.image.digest} was never found ${event.finding}`;
      if (event.type === 'ImageReused' && !found.get(event.image.digest)?.has('present'))
        return `${event.image.digest} is reused, but was never found present`;
      return null;
    },
  };
};
