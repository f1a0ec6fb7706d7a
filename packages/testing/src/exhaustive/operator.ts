/** Whoever is no worker: people and machines that ask, cancel and resume, engines that lose images and instances. */
import {
  checkTarget,
  type Deployment,
  type DeploymentRequest,
  decideRestore,
  type Finding,
  isAutomatic,
  kindOf,
  planRollback,
  type Release,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { commitNamed } from '../arbitraries/walk/effects.ts';
import { requestOf, sourcesAt } from '../arbitraries/walk/requests.ts';
import {
  type Exploring,
  environmentIndexOf,
  indexOf,
  type Move,
  moved,
  tellDeployment,
  tellEnvironment,
} from './move.ts';
import { findingOf, withImage } from './outside.ts';
import type { Order } from './space.ts';
import { at, idOf, type World } from './world.ts';

export const operatorMoves = (exploring: Exploring, world: World): Move[] => [
  ...world.deployments.flatMap((_, who) => asks(exploring, world, who)),
  ...world.deployments.flatMap((_, who) => standsInLine(exploring, world, who)),
  ...(exploring.space.interferes ? interferes(exploring, world) : []),
];

/** Orders that are alike are asked for in their sequence: an id is only a name. */
const isNextOfItsKind = (orders: readonly Order[], world: World, who: number): boolean =>
  !orders
    .slice(0, who)
    .some((order, other) => sameOrder(order, at(orders, who)) && at(world.deployments, other).request === null);

const sameOrder = (a: Order, b: Order): boolean => JSON.stringify(a) === JSON.stringify(b);

export const asks = (exploring: Exploring, world: World, who: number): Move[] => {
  const orders = exploring.orders;
  if (at(world.deployments, who).request !== null || !isNextOfItsKind(orders, world, who)) return [];
  const order = at(orders, who);
  return requestsFor(exploring, world, who, order).map((request) => {
    const told = tellDeployment(exploring, world, who, { type: 'Request', request });
    const to = request.type === 'RollbackRequested' ? ` to ${request.target.deployment}` : '';
    return moved(`somebody asks for ${order.kind} ${idOf(who)}${to}`, told.world, told);
  });
};

const requestsFor = (exploring: Exploring, world: World, who: number, order: Order): readonly DeploymentRequest[] => {
  const index = indexOf(exploring, order.environment);
  const environment = at(exploring.environments, index);
  if (order.kind === 'rollback')
    return at(world.environments, index).proven.flatMap((release) => rollbackTo(exploring, world, who, order, release));
  const [commit, branch, , image] = sourcesAt(commitNamed(`commit ${who}`));
  const source = { commit, branch, image: image ?? commit }[order.source ?? 'commit'] ?? commit;
  const manner = { automatic: order.kind === 'push', runnable: order.runnable ?? true, environment };
  return [requestOf(idOf(who), source, manner)];
};

/** Moved refs are accepted, and never needed: whatever went live here has its commit. */
const rollbackTo = (
  exploring: Exploring,
  world: World,
  who: number,
  order: Order,
  release: Release,
): readonly DeploymentRequest[] => {
  const index = indexOf(exploring, order.environment);
  const environment = at(exploring.environments, index);
  const state = at(world.environments, index);
  const was = world.deployments.find(({ request }) => request?.deployment === release.deployment);
  const target = was && checkTarget(environment, release.deployment, was, state);
  if (target === undefined || E.isLeft(target)) return [];
  const unlooked = decideRestore({ target: target.right, finding: null, acceptMovedRef: true });
  const finding = unlooked.type === 'Probe' ? findingOf(world, unlooked.image.digest) : null;
  const facts = { environment, state, durations: [], finding, configMode: 'then', acceptMovedRef: true } as const;
  const plan = planRollback(facts, target.right);
  if (E.isLeft(plan)) return [];
  const { target: snapshot, config, configMode, acceptMovedRef } = plan.right;
  const what = { deployment: idOf(who), environment, target: snapshot, config, configMode, acceptMovedRef };
  return [{ type: 'RollbackRequested', ...what, actor: 'ada', reason: null }];
};

/** Written after the request, by whoever wrote that: at once, late, or never. */
const standsInLine = (exploring: Exploring, world: World, who: number): Move[] => {
  const { request } = at(world.deployments, who);
  if (request === null) return [];
  const line = { deployment: idOf(who), kind: kindOf(request), automatic: isAutomatic(request) };
  const index = environmentIndexOf(exploring, who);
  const told = tellEnvironment(exploring, world, index, { type: 'StandInLine', ...line });
  return told.appended.length === 0 ? [] : [moved(`${idOf(who)} stands in line`, told.world, told)];
};

const cancel = { type: 'Cancel', actor: 'ada', reason: null } as const;
const resume = { type: 'ResumeAutoDeploy', actor: 'ada' } as const;

const interferes = (exploring: Exploring, world: World): Move[] => [
  ...world.deployments.flatMap((deployment, who) => {
    if (deployment.request === null) return [];
    const told = tellDeployment(exploring, world, who, cancel);
    return told.appended.length + told.broken.length === 0
      ? []
      : [moved(`somebody cancels ${idOf(who)}`, told.world, told)];
  }),
  ...world.environments.flatMap((_, index) => {
    const told = tellEnvironment(exploring, world, index, resume);
    return told.appended.length === 0 ? [] : [moved('somebody resumes automatic deploys', told.world, told)];
  }),
];

/** Engines lose things by themselves. */
export const decay = (world: World): Move[] => {
  if (world.faultsLeft === 0) return [];
  const poorer = { ...world, faultsLeft: world.faultsLeft - 1 };
  return [...prunes(world, poorer), ...deaths(world, poorer)];
};

const left: Readonly<Record<Finding, readonly Finding[]>> = {
  present: ['in-registry', 'absent', 'changed'],
  'in-registry': ['absent', 'changed'],
  changed: [],
  absent: [],
};

const prunes = (world: World, poorer: World): Move[] =>
  world.images.flatMap(({ digest, finding }) =>
    left[finding].map((then) => moved(`an image is ${then} now`, withImage(poorer, digest, then))),
  );

/**
 * An app may end by itself. Not one that has the traffic, is live, or is being switched to: nobody's decision can help
 * there, and a search would find nothing else.
 */
const deaths = (world: World, poorer: World): Move[] =>
  world.running.flatMap((running) => {
    const { id } = running.instance;
    const isNeeded =
      !running.alive ||
      world.routes.some((route) => route?.upstream?.id === id) ||
      world.environments.some(({ live }) => live?.instance.id === id) ||
      world.workers.some((worker) => worker.at === 'looked' && worker.effect.instance.id === id);
    if (isNeeded) return [];
    const after = world.running.map((one) => (one === running ? { ...one, alive: false } : one));
    return [moved(`an instance of ${running.deployment} ends by itself`, { ...poorer, running: after })];
  });

/** Whether it has ended, well or not. */
export const isSettled = ({ request, promoted, ending }: Deployment): boolean =>
  request === null || promoted || ending !== null;
