/** What every event must respect, checked as it is appended: against the stream before it, and against the facts. */
import type { Deployment, DeploymentEvent, EffectName, Environment, EnvironmentEvent, Route } from '@recourse/core';

/** What is true beside the stream. */
type Facts = Readonly<{ environment: Environment; route: Route | null }>;

type Law<State, Event> = (event: Event, before: State, facts: Facts) => boolean;

const tidying: readonly EffectName[] = ['stop-instance', 'retire-previous'];
const endings: readonly DeploymentEvent['type'][] = ['Cancelled', 'Superseded', 'DeploymentFailed'];
const isOver = ({ ending, promoted }: Deployment): boolean => ending !== null || promoted;

export const deploymentLaws: Readonly<Record<string, Law<Deployment, DeploymentEvent>>> = {
  'one request': (event, { request }) =>
    !(event.type === 'DeploymentRequested' || event.type === 'RollbackRequested') || request === null,

  'one fence': (event, { fence }) => event.type !== 'Admitted' || fence === null,

  'one ending, and none after it went live': (event, before) => !endings.includes(event.type) || !isOver(before),

  'nothing begins after the end but tidying up': (event, before) =>
    event.type !== 'StepStarted' || !isOver(before) || tidying.includes(event.step),

  'live in its own stream only after the environment said so': (event, { ending }, { environment }) =>
    event.type !== 'Promoted' ||
    (ending === null && environment.proven.some((release) => release.fence === event.fence)),

  'promoted only when healthy in this attempt': (event, { healthy, started }) =>
    event.type !== 'StepStarted' || event.step !== 'promote' || (healthy && started !== null),

  'reused only when the very digest was found': (event, { request, finding }) =>
    event.type !== 'ImageReused' ||
    (request?.type === 'RollbackRequested' &&
      finding === 'present' &&
      event.image.digest === request.target.image.digest),

  'pulled for a rollback only the very digest': (event, { request }) =>
    event.type !== 'ImagePulled' ||
    request?.type !== 'RollbackRequested' ||
    event.image.digest === request.target.image.digest,

  'rebuilt only with source, at the commit that was live or a moved ref that was accepted': (event, { request }) => {
    if (event.type !== 'RebuildScheduled') return true;
    if (request?.type !== 'RollbackRequested') return false;
    const { target, acceptMovedRef } = request;
    if (target.source.kind !== 'git') return false;
    return event.movedRef === null
      ? event.commit === target.source.commit
      : acceptMovedRef && target.source.commit === null && event.movedRef === target.source.ref;
  },

  'a deploy of a commit builds that commit': (event, { request }) =>
    event.type !== 'BuildScheduled' ||
    (request?.type === 'DeploymentRequested' &&
      request.source.kind === 'git' &&
      (request.source.commit === null || request.source.commit === event.commit)),

  'built at the commit that was scheduled': (event, { acquisition }) =>
    event.type !== 'Built' || (acquisition?.type === 'build' && acquisition.commit === event.commit),
};

export const environmentLaws: Readonly<Record<string, Law<Environment, EnvironmentEvent>>> = {
  'the fence only grows': (event, { fence }) =>
    (event.type !== 'SlotTaken' || event.fence > fence) &&
    (event.type !== 'SlotAborting' || event.restoreFence > fence),

  'one holder': (event, { slot }) => event.type !== 'SlotTaken' || slot === null,

  'live only from the slot, under its very fence': (event, { slot }) =>
    event.type !== 'Activated' ||
    (slot?.deployment === event.release.deployment && slot.fence === event.release.fence && slot.phase === 'taken'),

  'the traffic is back before an aborted slot is free': (event, { slot }, { route }) =>
    event.type !== 'SlotReleased' ||
    slot?.deployment !== event.deployment ||
    slot.phase !== 'aborting' ||
    (route !== null && route.fence >= slot.restoreFence),

  'one turn': (event, { slot, waiting, proven, released }) =>
    event.type !== 'SlotRequested' ||
    !(
      released.includes(event.deployment) ||
      [...waiting, ...proven, ...(slot === null ? [] : [slot])].some((one) => one.deployment === event.deployment)
    ),

  'no push takes the slot after a rollback, until somebody says go': (event, { heldBy, waiting }) =>
    event.type !== 'SlotTaken' ||
    heldBy === null ||
    !waiting.some((one) => one.deployment === event.deployment && one.automatic),

  'what was asked for first never replaces what was asked for later': (event, { slot, live }) =>
    event.type !== 'Activated' || slot === null || live === null || slot.order > live.order,
};
