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
  switch (step) {
    case 'probe-image':
      return acquisition === null && finding === null;
    case 'resolve-source':
    case 'pull-image':
      return acquisition === null;
    case 'build':
      return image === null && acquisition?.type === 'build';
    case 'start':
      return image !== null && started === null;
    case 'check-health':
      return started !== null && !healthy;
    case 'promote':
      return healthy && failing === null;
    case 'restore-traffic':
      return failing !== null;
    case 'retire-previous':
      return state.promoted && !state.givenUp.includes(key);
    case 'stop-instance':
      return state.begunStarts.includes(key) && !state.givenUp.includes(key);
  }
};
