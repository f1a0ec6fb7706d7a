/** Streams are dense, ids are unique, and a deployment's events follow from each other. */
import type { DeploymentEvent, EnvironmentEvent } from '@recourse/core';
import type { Fact } from '../facts.ts';
import type { Invariant, Scene } from './invariant.ts';

/** More than this of one deployment means that it goes in circles. */
const EVENTS_MAX = 400;

type Progress = { over: 'ended' | 'promoted' | null; underWay: string | null; retired: boolean; events: number };

export const wellFormed = ({ truth }: Scene): Invariant => {
  const ids = new Set<string>();
  const lengths = new Map<string, number>();
  const progress = new Map<string, Progress>();

  const envelope = ({ stored }: Extract<Fact, { type: 'appended' }>): string | null => {
    const length = lengths.get(stored.stream) ?? 0;
    lengths.set(stored.stream, length + 1);
    if (stored.version !== length) return `${stored.stream} has version ${stored.version} at ${length}`;
    if (ids.has(stored.id)) return `event id ${stored.id} is used twice`;
    ids.add(stored.id);
    return null;
  };

  return {
    id: 'well-formed',
    on: (fact) => {
      if (fact.type !== 'appended') return null;
      const { stream } = fact.stored;
      const problem = envelope(fact);
      if (problem !== null || !stream.startsWith('deployment-')) return problem;
      const before = progress.get(stream) ?? { over: null, underWay: null, retired: false, events: 0 };
      progress.set(stream, before);
      if (++before.events > EVENTS_MAX) return `${stream} has more than ${EVENTS_MAX} events`;
      const wasLive = [...truth.environments.values()].some((one) =>
        [...one.wasLive].some((id) => `deployment-${id}` === stream),
      );
      const wrong = follow(before, fact.event, wasLive);
      return wrong === null ? null : `${stream}: ${wrong}`;
    },
  };
};

const cleaning: readonly string[] = ['stop-instance', 'retire-previous'];

const follow = (state: Progress, event: DeploymentEvent | EnvironmentEvent, wasLive: boolean): string | null => {
  const { over } = state;
  switch (event.type) {
    case 'StepStarted':
      state.underWay = `${event.step} ${event.attempt} ${event.key}`;
      if (over !== null && !cleaning.includes(event.step)) return `${event.step} is begun after it ${over}`;
      return event.step === 'retire-previous' && over !== 'promoted' ? 'retires another one, but is not live' : null;
    case 'StepFailed': {
      const same = state.underWay === `${event.step} ${event.attempt} ${event.key}`;
      state.underWay = null;
      return same ? null : `${event.step} ${event.attempt} failed, but was not under way`;
    }
    case 'Cancelled':
    case 'Superseded':
    case 'DeploymentFailed':
      if (over !== null) return `${event.type} after it ${over}`;
      state.over = 'ended';
      return wasLive ? `${event.type}, but it was live` : null;
    case 'Promoted':
      if (over !== null) return `Promoted after it ${over}`;
      state.over = 'promoted';
      return wasLive ? null : 'Promoted, but never activated';
    case 'Retired':
      if (state.retired) return 'Retired twice';
      state.retired = true;
      return wasLive ? null : 'Retired, but never live';
    case 'ImageProbed':
    case 'ImageReused':
    case 'ImagePulled':
    case 'Built':
    case 'InstanceStarted':
    case 'HealthChecked':
    case 'Admitted':
      return over === null ? null : `${event.type} after it ${over}`;
    default:
      return null;
  }
};
