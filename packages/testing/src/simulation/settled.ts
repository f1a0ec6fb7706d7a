/** Whether everything that was asked for has come to its end, and nothing is left over. */
import type { DeploymentId, EnvironmentId } from '@recourse/core';
import type { Scene } from './invariants/invariant.ts';
import type { Truth } from './truth.ts';

/** Somebody still has to do something for it. */
export const isOpen = ({ deployments, environments }: Truth, id: DeploymentId): boolean => {
  const known = deployments.get(id);
  if (known === undefined) return false;
  if (known.ending === null && !known.promoted) return true;
  const environment = environments.get(known.request.environment);
  if (environment === undefined) return false;
  return (
    environment.slot?.deployment === id ||
    environment.waiting.has(id) ||
    [...environment.retiring.values()].includes(id)
  );
};

/** What is not yet as it has to be in the end; null if everything is. */
export const unsettled = (scene: Scene, environments: readonly EnvironmentId[]): string | null => {
  const { truth, engine } = scene;
  for (const id of truth.deployments.keys()) if (isOpen(truth, id)) return `${id} is not done`;
  const serving = new Set(environments.map((id) => truth.environments.get(id)?.live?.instance));
  for (const [id, { running, order }] of engine.instances) {
    if (!serving.has(id)) return `${order.key} was left behind`;
    if (!running) return `${order.key} is live and does not run`;
  }
  for (const id of environments) {
    const problem = environmentProblem(scene, id);
    if (problem !== null) return problem;
  }
  for (const { id, promoted, retired, request } of truth.deployments.values())
    if (promoted && !retired && truth.environments.get(request.environment)?.live?.deployment !== id)
      return `${id} was replaced, but nobody wrote it down`;
  return null;
};

const environmentProblem = ({ truth, engine, router }: Scene, id: EnvironmentId): string | null => {
  const known = truth.environments.get(id);
  if (!known?.live) return `nothing is live in ${id}`;
  // One that was asked for before, and never answered, may have come later; newest-wins looks after the others.
  const last = [...truth.deployments.values()].find((one) => one.id === `${id}-last`);
  if (last === undefined) return `${id}-last was never recorded`;
  if (!last.promoted && last.ending !== 'superseded') return `${last.id} did not go live, it is ${last.ending}`;
  const { live, routeFence } = known;
  if (!engine.instances.has(live.instance)) return `${live.key} is live in ${id} and is not there`;
  const route = router.routes.get(id);
  if (route?.upstream?.id !== live.instance) return `${id} is not pointed at ${live.key}`;
  return route.fence >= routeFence ? null : `${id} is at fence ${route.fence}, not ${routeFence}`;
};

/** Faults are over, everybody is back: a router that lost its routes has them again, without anybody's asking. */
export const misrouted = ({ truth, router, engine }: Scene): string | null => {
  for (const { id, live, slot } of truth.environments.values()) {
    if (live === null || slot !== null || !engine.instances.has(live.instance)) continue;
    const upstream = router.routes.get(id)?.upstream?.id ?? 'nobody';
    if (upstream !== live.instance) return `${live.key} is live in ${id}, but the traffic goes to ${upstream}`;
  }
  return null;
};
