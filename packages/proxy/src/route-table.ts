/** Who serves what, and how many requests each instance has. In memory: the engine points every environment again. */
import type { EnvironmentId, Instance, PortError, Route, Router } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { visits } from './visits.ts';

/** One request or upgraded connection on its instance. `leave` may be called more than once. */
export type Visit = Readonly<{ instance: Instance; leave: () => void }>;

export type RouteTable = Readonly<{
  router: Router;
  /** Counts a request that starts now on the instance in force; undefined if the environment has none. */
  enter: (environment: EnvironmentId) => Visit | undefined;
  /** The instance in force. */
  instanceOf: (environment: EnvironmentId) => Instance | undefined;
  /** From now on the router answers `router/unreachable`. */
  close: () => void;
}>;

export const routeTable = (): RouteTable => {
  const routes = new Map<EnvironmentId, Route>();
  const serving = visits();
  let closed = false;

  const ifOpen = <A>(answer: () => TE.TaskEither<PortError, A>): TE.TaskEither<PortError, A> =>
    TE.flatten(TE.fromIO(() => (closed ? TE.left(unreachable) : answer())));

  const instanceOf = (environment: EnvironmentId) => routes.get(environment)?.upstream ?? undefined;

  const enter = (environment: EnvironmentId): Visit | undefined => {
    const instance = instanceOf(environment);
    return instance && { instance, leave: serving.enter(environment, instance.id) };
  };

  const router: Router = {
    point: (environment, route) =>
      ifOpen(() => {
        const inForce = routes.get(environment);
        if (inForce !== undefined && isStale(route, inForce)) return TE.left(stale(environment, route, inForce));
        routes.set(environment, route);
        return TE.right(undefined);
      }),
    where: (environment) => ifOpen(() => TE.right(routes.get(environment) ?? null)),
    openRequests: (environment, instance) => ifOpen(() => TE.right(serving.count(environment, instance))),
  };

  const close = () => {
    closed = true;
  };

  return { router, enter, instanceOf, close };
};

/** A lower fence, or the same one with another upstream: two who believe that they hold it. */
const isStale = (route: Route, inForce: Route): boolean =>
  route.fence < inForce.fence || (route.fence === inForce.fence && !sameUpstream(route.upstream, inForce.upstream));

const sameUpstream = (a: Instance | null, b: Instance | null): boolean =>
  a?.id === b?.id && a?.address.host === b?.address.host && a?.address.port === b?.address.port;

const stale = (environment: EnvironmentId, route: Route, inForce: Route): PortError => ({
  kind: 'permanent',
  code: 'router/stale-fence',
  message:
    `The traffic of ${environment} was not moved: it was switched with fence ${inForce.fence} already, ` +
    `and this switch carries ${route.fence}. A newer deployment or rollback has taken over.`,
});

const unreachable: PortError = {
  kind: 'transient',
  code: 'router/unreachable',
  message: 'The in-process proxy is closed, so it cannot be pointed anywhere. Open a new one in this process.',
};
