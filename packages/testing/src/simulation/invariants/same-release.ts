/** What is reused is the same bytes, what is rebuilt is the same commit, and what goes live is what was ordered. */
import type { DeploymentEvent, EnvironmentEvent } from '@recourse/core';
import type { DeploymentTruth } from '../truth.ts';
import type { Invariant, Scene } from './invariant.ts';

export const sameRelease = (scene: Scene): Invariant => ({
  id: 'same-release',
  on: (fact) => {
    switch (fact.type) {
      case 'build-began':
        return buildProblem(scene.truth.deployments.get(fact.order.deployment), fact.order.commit);
      case 'started': {
        const { order, digest } = fact.instance;
        const { deployment, key } = order;
        const acquired = scene.truth.deployments.get(deployment)?.images;
        return acquired?.has(digest) ? null : `${key} is started of an image that ${deployment} never acquired`;
      }
      case 'appended':
        return fact.event.type === 'Activated' ? activationProblem(scene, fact.event) : null;
      default:
        return null;
    }
  },
});

const buildProblem = (truth: DeploymentTruth | undefined, commit: string): string | null => {
  if (truth === undefined) return 'a build is begun for nobody';
  const { request, id, scheduled } = truth;
  const { source } = request.type === 'RollbackRequested' ? request.target : request;
  if (source.kind !== 'git') return `${id} is built, but has no source`;
  if (source.commit !== null && source.commit !== commit) return `${id} is built at ${commit}, not at ${source.commit}`;
  return scheduled === commit ? null : `${id} is built at ${commit}, but ${scheduled} was scheduled`;
};

type Activated = Extract<DeploymentEvent | EnvironmentEvent, { type: 'Activated' }>;

const activationProblem = ({ truth, engine }: Scene, { release, key, instance: { id } }: Activated): string | null => {
  const { deployment, image, source } = release;
  const known = truth.deployments.get(deployment);
  const by = known?.images.get(image.digest);
  if (known === undefined || by === undefined) return `${deployment} is live with an image that it never acquired`;
  const { request } = known;
  if (request.type === 'RollbackRequested' && by !== 'build' && request.target.image.digest !== image.digest)
    return `${deployment} reuses ${image.digest}, not ${request.target.image.digest}`;
  const instance = engine.instances.get(id);
  if (instance === undefined) return `${deployment} is live with the instance ${key}, which is not there`;
  if (instance.order.key !== key) return `${deployment} is live with ${key}, but ${id} is ${instance.order.key}`;
  if (instance.digest !== image.digest) return `${key} runs another image than ${deployment} says`;
  const really = instance.commit;
  if (by === 'build' && really !== known.scheduled)
    return `${deployment} was to be built at ${known.scheduled}, but runs ${really}`;
  if (source.kind === 'git' && really !== null && source.commit !== really)
    return `${deployment} is live as ${source.commit}, but runs ${really}`;
  return null;
};
