/** Looks, now and then, for what was forgotten: deployments that nobody works on, orphans, routes that were lost. */
import { type CancelSignal, type DeploymentId, next } from '@recourse/core';
import { outlasting } from '../fault.ts';
import type { Journal } from '../journal.ts';
import type { Ports } from '../ports.ts';
import { createOpenDeployments } from './open-deployments.ts';
import { reap } from './reap.ts';
import { reconcileRoutes } from './reconcile-routes.ts';

export type Sweeper = Readonly<{ run(signal: CancelSignal): Promise<void> }>;

/** A deployment without an event for this many sweeps is woken. It may be in a long build: then it hears nothing new. */
const QUIET_SWEEPS = 2;
const REAP_EVERY_SWEEPS = 6;

export const createSweeper = (ports: Ports, journal: Journal, everyMs: number): Sweeper => {
  const openDeployments = createOpenDeployments(ports);

  const wakeForgotten = async () => {
    await openDeployments.follow();
    for (const deployment of openDeployments.quiet(QUIET_SWEEPS * everyMs)) await outlasting(() => look(deployment));
  };

  const look = async (deploymentId: DeploymentId) => {
    const { state } = await journal.deployment(deploymentId);
    if (state.request === null) return;
    const { state: environment } = await journal.environment(state.request.environment);
    if (next(state, environment, ports.clock.now()).type === 'Done') openDeployments.close(deploymentId);
    else await ports.queue.enqueue({ v: 1, deploymentId })();
  };

  return {
    run: async (signal) => {
      for (let sweep = 0; !signal.aborted; sweep++) {
        await outlasting(wakeForgotten);
        await outlasting(() => reconcileRoutes(ports, journal, openDeployments.environments()));
        if (sweep % REAP_EVERY_SWEEPS === 0) await outlasting(() => reap(ports, journal));
        await ports.clock.sleep(everyMs, signal);
      }
    },
  };
};
