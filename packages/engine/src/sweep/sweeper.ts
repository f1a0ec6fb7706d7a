/** Looks, now and then, for what was forgotten: deployments that nobody works on, orphans, routes that were lost. */
import { type CancelSignal, type DeploymentId, next } from '@recourse/core';
import { outlasting } from '../fault.ts';
import type { Journal } from '../journal.ts';
import type { Ports } from '../ports.ts';
import type { Overview } from '../projection/overview.ts';
import { reap } from './reap.ts';
import { reconcileRoutes } from './reconcile-routes.ts';

export type Sweeper = Readonly<{ run(signal: CancelSignal): Promise<void> }>;

/** A deployment without an event for this many sweeps is woken. It may be in a long build: then it hears nothing new. */
const QUIET_SWEEPS = 2;
const REAP_EVERY_SWEEPS = 6;
/** So many looks at once: after a night without workers thousands may be open. */
const LOOKS_MAX = 16;

export const createSweeper = (ports: Ports, journal: Journal, overview: Overview, everyMs: number): Sweeper => {
  const wakeForgotten = async () => {
    await overview.follow();
    const quiet = overview.quiet(QUIET_SWEEPS * everyMs);
    const left = quiet.values();
    const lookAtSome = async () => {
      for (const deployment of left) await outlasting(() => look(deployment));
    };
    await Promise.all(Array.from({ length: Math.min(quiet.length, LOOKS_MAX) }, lookAtSome));
  };

  const look = async (deploymentId: DeploymentId) => {
    const { state } = await journal.deployment(deploymentId);
    if (state.request === null) return;
    const { state: environment } = await journal.environment(state.request.environment);
    if (next(state, environment, ports.clock.now()).type === 'Done') overview.close(deploymentId);
    else await ports.queue.enqueue({ v: 1, deploymentId })();
  };

  return {
    run: async (signal) => {
      for (let sweep = 0; !signal.aborted; sweep++) {
        await outlasting(wakeForgotten);
        await outlasting(() => reconcileRoutes(ports, journal, withTraffic(overview)));
        if (sweep % REAP_EVERY_SWEEPS === 0) await outlasting(() => reap(ports, journal));
        await ports.clock.sleep(everyMs, signal);
      }
    },
  };
};

const withTraffic = (overview: Overview) =>
  overview.environments().flatMap(({ environment, live }) => (live === null ? [] : [environment]));
