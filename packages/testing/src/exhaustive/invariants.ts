/** What must hold in every world, whatever led to it; and what must hold when all is quiet. */
import type { Release } from '@recourse/core';
import { type Appended, type Exploring, indexOf } from './move.ts';
import { isSettled } from './operator.ts';
import { idOf, type World } from './world.ts';

/** Between the first promotion and the end there is always an upstream that serves. */
const servesNobody = (world: World): readonly string[] =>
  world.environments.flatMap(({ live }, index) => {
    if (live === null) return [];
    const upstream = world.routes[index]?.upstream ?? null;
    const running = world.running.find(({ instance }) => instance.id === upstream?.id);
    if (upstream === null) return ['a release is live, and there is no upstream'];
    return running?.alive && running.passed ? [] : ['a release is live, and no healthy instance has the traffic'];
  });

/** Of those that went live and were not replaced, one is live: the others are being replaced. */
const twoLive = (world: World): readonly string[] =>
  world.deployments.flatMap(({ promoted, ending, retiredBy }, who) => {
    const id = idOf(who);
    const isProven = world.environments.some(({ proven }) => proven.some(({ deployment }) => deployment === id));
    if (promoted && !isProven) return ['it says that it went live, and its environment does not'];
    if (isProven && ending !== null) return ['it went live, and ended otherwise'];
    const isLive = world.environments.some(({ live }) => live?.release.deployment === id);
    return isLive && retiredBy !== null ? ['what is live was replaced'] : [];
  });

export const brokenIn = (world: World): readonly string[] => [...servesNobody(world), ...twoLive(world)];

/** At the commit point, against what is true outside: the image that runs, and the commit inside it. */
export const brokenBy = (exploring: Exploring, world: World, appended: readonly Appended[]): readonly string[] =>
  appended.flatMap(({ stream, event }) => {
    if (event.type !== 'Activated') return [];
    const { release, key, instance } = event;
    const running = world.running.find((one) => one.key === key && one.instance.id === instance.id);
    const broken: string[] = [];
    if (!running?.passed || running.deployment !== release.deployment)
      broken.push('it went live and was not healthy in this attempt');
    if (running?.digest !== release.image.digest) broken.push('another image runs than the one that went live');
    if (world.routes[indexOf(exploring, stream)]?.upstream?.id !== instance.id)
      broken.push('it went live, and the traffic is elsewhere');
    return [...broken, ...notAsOrdered(world, release)];
  });

/** The name of an image that was built says of which commit it really is. */
const notAsOrdered = (world: World, { deployment, image, source }: Release): readonly string[] => {
  const request = world.deployments.find((one) => one.request?.deployment === deployment)?.request ?? null;
  if (request?.type === 'RollbackRequested' && request.target.image.digest === image.digest) return [];
  if (source.kind !== 'git') return [];
  const ordered = request?.type === 'RollbackRequested' ? request.target.source : request?.source;
  const inside = image.name.split(' ')[1];
  const commit = ordered?.kind === 'git' && ordered.commit !== null ? ordered.commit : source.commit;
  return inside === commit && inside === source.commit
    ? []
    : ['another commit went live than the one that was ordered'];
};

/** Nothing is owed by anybody: then all of it is settled, and nothing is left over. */
export const unsettledIn = (world: World): readonly string[] => {
  const broken: string[] = [];
  world.deployments.forEach((deployment, who) => {
    if (!isSettled(deployment) && !isHeld(world, who)) broken.push(`${idOf(who)} never ends`);
  });
  world.environments.forEach(({ slot, retiring, live }, index) => {
    if (slot !== null) broken.push('the slot is never free again');
    if (retiring.length > 0) broken.push('what was replaced is never retired');
    const route = world.routes[index];
    if (live !== null && (route?.upstream?.id !== live.instance.id || route.fence !== live.routeFence))
      broken.push('the traffic never comes to what is live');
    if (live === null && route?.upstream != null) broken.push('the traffic stays with what is not live');
  });
  return [...broken, ...leftOver(world)];
};

const isHeld = ({ environments }: World, who: number): boolean =>
  environments.some(
    ({ heldBy, waiting }) =>
      heldBy !== null && waiting.some(({ deployment, automatic }) => automatic && deployment === idOf(who)),
  );

/** What runs is live, or was stopped and came late, or its stopping was given up: the reaper takes it. */
const leftOver = (world: World): readonly string[] =>
  world.running.flatMap(({ key, deployment }) => {
    if (world.environments.some(({ live }) => live?.key === key)) return [];
    const state = world.deployments.find(({ request }) => request?.deployment === deployment);
    const wasStopped = state !== undefined && !state.begunStarts.includes(key);
    const wasGivenUp = world.deployments.some(({ givenUp }) => givenUp.includes(key));
    return wasStopped || wasGivenUp ? [] : [`an instance of ${deployment} is left running`];
  });
