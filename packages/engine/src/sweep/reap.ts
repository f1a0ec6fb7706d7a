/**
 * Stops instances that nobody will ever need. An effect outlives the worker that asked for it: an engine goes on
 * starting what a dead worker wanted, after its deployment has ended.
 */
import type { Deployment, OwnedInstance, StepKey } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { orFault, outlasting } from '../fault.ts';
import type { Journal } from '../journal.ts';
import type { Ports } from '../ports.ts';

const GRACE_MS = 10_000;

export const reap = async (ports: Ports, journal: Journal): Promise<void> => {
  const instances = await orFault(ports.runtime.list());
  for (const instance of instances)
    await outlasting(async () => {
      if (await isOrphan(instance, journal)) await ports.runtime.stop(instance.key, { graceMs: GRACE_MS })();
    });
};

/**
 * Only on facts that can never become untrue again: a deployment that ended never serves, one that was replaced never
 * serves again, and one that is live or on its way has but one key that counts. What is unknown here is left alone: it
 * may belong to another platform on the same engine.
 */
const isOrphan = async ({ deployment, environment, key }: OwnedInstance, journal: Journal): Promise<boolean> => {
  const { state } = await journal.deployment(deployment);
  if (state.request === null || state.request.environment !== environment) return false;
  if (state.ending !== null || state.retiredBy !== null) return true;
  if (!state.promoted) return false;
  if (state.started?.key !== key) return true;
  return wasReplaced(state, key, journal);
};

/**
 * Live once, and now another one is: its retirement was given up. The fence proves it: one that is live under a lower
 * fence is only what was live before, read from a store that lags.
 */
const wasReplaced = async ({ request, fence }: Deployment, key: StepKey, journal: Journal): Promise<boolean> => {
  if (request === null || fence === null) return false;
  const { live, retiring } = (await journal.environment(request.environment)).state;
  const draining = retiring.some(({ previous }) => previous.release.deployment === request.deployment);
  if (live === null || live.release.fence <= fence || draining) return false;
  const cause = { actor: 'recourse', correlationId: request.deployment, causationId: live.release.deployment };
  const retire = { type: 'Retire', by: live.release.deployment, key } as const;
  return E.isRight(await journal.decideDeployment(request.deployment, retire, cause));
};
