/** What every event must respect, checked as it is appended: against the stream before it, and against the facts. */
import type { Deployment, DeploymentEvent, EffectName, Environment, EnvironmentEvent } from '@recourse/core';
import type { Stream, World } from './world.ts';

type Law<State, Event> = (event: Event, before: Stream<State, Event>, world: World) => boolean;

const tidying: readonly EffectName[] = ['stop-instance', 'retire-previous'];
const endings: readonly DeploymentEvent['type'][] = ['Cancelled', 'Superseded', 'DeploymentFailed'];
const isOver = ({ ending, promoted }: Deployment): boolean => ending !== null || promoted;

export const deploymentLaws: Readonly<Record<string, Law<Deployment, DeploymentEvent>>> = {
  'one request': (event, { events }) =>
    !(event.type === 'DeploymentRequested' || event.type === 'RollbackRequested') || events.length === 0,

  'one fence': (event, { state }) => event.type !== 'Admitted' || state.fence === null,

  'one ending, and none after it went live': (event, { state }) => !endings.includes(event.type) || !isOver(state),

  'nothing begins after the end but tidying up': (event, { state }) =>
    event.type !== 'StepStarted' || !isOver(state) || tidying.includes(event.step),

  'live in its own stream only after the environment said so': (event, { state }, { environment }) =>
    event.type !== 'Promoted' ||
    (state.ending === null &&
      environment.events.some((one) => one.type === 'Activated' && one.release.fence === event.fence)),

  'promoted only when healthy in this attempt': (event, { state }) =>
    event.type !== 'StepStarted' || event.step !== 'promote' || (state.healthy && state.started !== null),

  'reused only when the very digest was found': (event, { state: { request, finding } }) =>
    event.type !== 'ImageReused' ||
    (request?.type === 'RollbackRequested' &&
      finding === 'present' &&
      event.image.digest === request.target.image.digest),

  'pulled for a rollback only the very digest': (event, { state: { request } }) =>
    event.type !== 'ImagePulled' ||
    request?.type !== 'RollbackRequested' ||
    event.image.digest === request.target.image.digest,

  'rebuilt only with source, at the commit that was live or a moved ref that was accepted': (event, { state }) => {
    if (event.type !== 'RebuildScheduled') return true;
    if (state.request?.type !== 'RollbackRequested') return false;
    const { target, acceptMovedRef } = state.request;
    if (target.source.kind !== 'git') return false;
    return event.movedRef === null
      ? event.commit === target.source.commit
      : acceptMovedRef && target.source.commit === null && event.movedRef === target.source.ref;
  },

  'a deploy of a commit builds that commit': (event, { state: { request } }) =>
    event.type !== 'BuildScheduled' ||
    (request?.type === 'DeploymentRequested' &&
      request.source.kind === 'git' &&
      (request.source.commit === null || request.source.commit === event.commit)),

  'built at the commit that was scheduled': (event, { state: { acquisition } }) =>
    event.type !== 'Built' || (acquisition?.type === 'build' && acquisition.commit === event.commit),
};

export const environmentLaws: Readonly<Record<string, Law<Environment, EnvironmentEvent>>> = {
  'the fence only grows': (event, { state }) =>
    (event.type !== 'SlotTaken' || event.fence > state.fence) &&
    (event.type !== 'SlotAborting' || event.restoreFence > state.fence),

  'one holder': (event, { state }) => event.type !== 'SlotTaken' || state.slot === null,

  'live only from the slot, under its very fence': (event, { state: { slot } }) =>
    event.type !== 'Activated' ||
    (slot?.deployment === event.release.deployment && slot.fence === event.release.fence && slot.phase === 'taken'),

  'the traffic is back before an aborted slot is free': (event, { state: { slot } }, { route }) =>
    event.type !== 'SlotReleased' ||
    slot?.deployment !== event.deployment ||
    slot.phase !== 'aborting' ||
    (route !== null && route.fence >= slot.restoreFence),

  'one turn': (event, { events }) =>
    event.type !== 'SlotRequested' ||
    !events.some((one) => one.type === 'SlotRequested' && one.deployment === event.deployment),
};
