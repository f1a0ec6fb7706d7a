import { match } from 'ts-pattern';
import type { StepKey } from '../identity.ts';
import type { Deployment } from './deployment.ts';
import type { EffectName } from './events.ts';

/**
 * Whether a step is due by the deployment's own facts. `next` says which one it is; this says no to a worker that
 * slept, and would do again what is done, under a deployment that has moved on.
 */
export const isDue = (step: EffectName, key: StepKey, state: Deployment): boolean => {
  const { acquisition, finding, image, started, healthy, failing } = state;
  if (state.fence === null) return false;
  return match(step)
    .with('probe-image', () => image === null && acquisition === null && finding === null)
    .with('resolve-source', 'pull-image', () => image === null && acquisition === null)
    .with('build', () => image === null && acquisition?.type === 'build')
    .with('start', () => image !== null && started === null)
    .with('check-health', () => started !== null && !healthy)
    .with('promote', () => started !== null && healthy && failing === null)
    .with('restore-traffic', () => failing !== null)
    .with('retire-previous', () => state.promoted && !state.givenUp.includes(key))
    .with('stop-instance', () => state.begunStarts.includes(key) && !state.givenUp.includes(key))
    .exhaustive();
};
