/** What a campaign must have seen: a search that never came to these places has shown nothing about them. */
import type { DeploymentEvent, EnvironmentEvent } from '@recourse/core';
import type { Fact } from './facts.ts';
import type { Truth } from './truth.ts';

export const mustSee = [
  'a deploy went live',
  'a rollback went live',
  'a rollback reused the image',
  'a rollback pulled the image',
  'a rollback built again what was pruned',
  'a rollback built again what cannot run by itself',
  'refused: NoWayBack',
  'refused: StalePlan',
  'refused: EnvironmentBusy',
  'a push waited after a rollback',
  'a deploy was superseded',
  'a deployment was cancelled',
  'a rollback made an older deploy give way',
  'a build was of the wrong commit',
  'a health check failed',
  'a step was tried again',
  'a step was taken over by another worker',
  'a step was abandoned too often',
  'a promotion was aborted',
  'an abort was finished by another worker',
  'an orphan was reaped',
  'an instance was adopted',
  'an image went away between the probe and the start',
  'an acknowledgement of an append was lost',
  'the router refused a stale fence',
  'a message was given to somebody else',
  'a snapshot of an environment was saved',
] as const;

/** What only a long campaign has to have seen. */
export const mustSeeInTheLongRun = ['a rollback had no way back'] as const;

export type Sighting = (typeof mustSee)[number] | (typeof mustSeeInTheLongRun)[number];

/** What a fact shows, if it is something rare. */
export const createSightings = (truth: Truth): ((fact: Fact) => Sighting | null) => {
  const aborting = new Map<string, string>();
  return (fact) => {
    if (fact.type === 'stopping') return orphanIn(truth, fact);
    if (fact.type === 'snapshot-saved')
      return fact.key.startsWith('environment-') ? 'a snapshot of an environment was saved' : null;
    if (fact.type !== 'appended') return null;
    const { event, by, stored } = fact;
    if (event.type === 'SlotAborting') aborting.set(event.deployment, by);
    if (event.type === 'SlotReleased') {
      const began = aborting.get(event.deployment);
      return began !== undefined && began !== by ? 'an abort was finished by another worker' : null;
    }
    return sightingOf(event, stored.stream, truth);
  };
};

const orphanIn = (truth: Truth, { instance }: Extract<Fact, { type: 'stopping' }>): Sighting | null => {
  const { key, deployment } = instance.order;
  const known = truth.deployments.get(deployment);
  return known?.ending && !known.intents.has(`stop-instance ${key}`) ? 'an orphan was reaped' : null;
};

const sightingOf = (event: DeploymentEvent | EnvironmentEvent, stream: string, truth: Truth): Sighting | null => {
  switch (event.type) {
    case 'Activated':
      return event.kind === 'rollback' ? 'a rollback went live' : 'a deploy went live';
    case 'ImageReused':
      return 'a rollback reused the image';
    case 'ImagePulled':
      return isRollback(stream, truth) ? 'a rollback pulled the image' : null;
    case 'RebuildScheduled':
      return event.reason === 'not-runnable'
        ? 'a rollback built again what cannot run by itself'
        : 'a rollback built again what was pruned';
    case 'SlotRequested':
      return event.automatic && isHeld(stream, truth) ? 'a push waited after a rollback' : null;
    case 'Superseded':
      return 'a deploy was superseded';
    case 'CancellationRequested':
      return event.actor === 'recourse' ? 'a rollback made an older deploy give way' : 'a deployment was cancelled';
    case 'DeploymentFailed':
      if (event.error.code === 'CommitMismatch') return 'a build was of the wrong commit';
      return event.error.code === 'NoWayBack' ? 'a rollback had no way back' : null;
    case 'HealthChecked':
      return event.healthy ? null : 'a health check failed';
    case 'StepStarted':
      if (event.run > 1) return 'a step was taken over by another worker';
      return event.attempt > 1 ? 'a step was tried again' : null;
    case 'StepFailed':
      return event.error.code === 'engine/abandoned' ? 'a step was abandoned too often' : null;
    case 'SlotAborting':
      return 'a promotion was aborted';
    default:
      return null;
  }
};

const isRollback = (stream: string, { deployments }: Truth): boolean =>
  [...deployments.values()].some(
    ({ id, request }) => stream === `deployment-${id}` && request.type === 'RollbackRequested',
  );

const isHeld = (stream: string, { environments }: Truth): boolean =>
  [...environments.values()].some(({ id, held }) => stream === `environment-${id}` && held);
