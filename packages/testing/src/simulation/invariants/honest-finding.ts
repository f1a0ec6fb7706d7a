/**
 * What is found of an image is so, by its digest and never by its name; and what is written down of it was really found:
 * what could not be looked at is not absent, what moved is not it.
 */
import type { Digest, Finding } from '@recourse/core';
import type { Invariant, Scene } from './invariant.ts';

export const honestFinding = ({ engine }: Scene): Invariant => {
  const found = new Map<Digest, Set<Finding>>();
  const isSo = (digest: Digest, finding: Finding): boolean => {
    if (engine.here.has(digest)) return finding === 'present';
    if (engine.registry.has(digest)) return finding === 'in-registry';
    return finding === 'absent' || finding === 'changed';
  };

  return {
    id: 'honest-finding',
    on: (fact) => {
      if (fact.type === 'looked') {
        const findings = found.get(fact.digest) ?? new Set();
        found.set(fact.digest, findings.add(fact.finding));
        return isSo(fact.digest, fact.finding) ? null : `${fact.digest} is said to be ${fact.finding}, and is not`;
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
