import type { Fence, Instance, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Walking } from './world.ts';

/**
 * What a worker does, with a pause wherever others may act. At a pause it may hand out the request it is about to
 * make: should it die there, the request may still arrive.
 */
export type Script<A> = Generator<(() => unknown) | null, A, void>;

export type Answer<A> = E.Either<PortError, A>;

export const transient = (code: PortError['code']): PortError => ({ kind: 'transient', code, message: `${code}.` });
export const permanent = (code: PortError['code']): PortError => ({ kind: 'permanent', code, message: `${code}.` });

/** Asks the outside: the request may be lost, and so may the answer. */
export function* ask<A>({ chance }: Walking, apply: () => Answer<A>): Script<Answer<A>> {
  if (chance.odds(30)) return E.left(transient('walk/unreachable'));
  yield apply;
  const answer = apply();
  yield null;
  return chance.odds(30) ? E.left(transient('walk/no-answer')) : answer;
}

/** Points the traffic, as a router does that compares fences. */
export const point = ({ world }: Walking, upstream: Instance | null, fence: Fence): Answer<void> => {
  const { route } = world;
  const stale =
    route !== null && (fence < route.fence || (fence === route.fence && route.upstream?.id !== upstream?.id));
  if (stale) return E.left(permanent('router/stale-fence'));
  const { slot, live } = world.environment.state;
  if (upstream === null && live !== null) world.violations.push('the traffic was taken away from what is live');
  const owner = upstream === null ? null : world.passed.get(upstream.id);
  if (owner === undefined) world.violations.push(`traffic went to ${upstream?.id}, which never was healthy`);
  if (owner && owner !== slot?.deployment && owner !== live?.release.deployment)
    world.violations.push(`traffic went to ${owner}, which neither is live nor has the slot`);
  world.route = { upstream, fence };
  return E.right(undefined);
};
