import type { EnvironmentId } from '@recourse/core';
import { orFault, outlasting } from '../fault.ts';
import type { Journal } from '../journal.ts';
import type { Ports } from '../ports.ts';

/** Puts a router right that was restarted empty, or lost a route: what is live is a fact, where it points is not. */
export const reconcileRoutes = async (
  ports: Ports,
  journal: Journal,
  environments: readonly EnvironmentId[],
): Promise<void> => {
  for (const environment of environments) await outlasting(() => reconcile(ports, journal, environment));
};

const reconcile = async ({ router }: Ports, journal: Journal, environment: EnvironmentId): Promise<void> => {
  const route = await orFault(router.where(environment));
  const { live } = (await journal.environment(environment)).state;
  if (live === null) return;
  const { instance: upstream, routeFence: fence } = live;
  // A higher fence is a promotion under way; it will be confirmed or taken back by whoever holds the slot.
  const right =
    route !== null && (route.fence > fence || (route.fence === fence && route.upstream?.id === upstream.id));
  if (!right) await router.point(environment, { upstream, fence })();
};
