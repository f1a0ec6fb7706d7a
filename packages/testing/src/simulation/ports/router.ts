import type { EnvironmentId, Fence, PortError, Route, Router } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

/** The simulated proxy, as it really is. */
export type SimRouter = Readonly<{
  routes: Map<EnvironmentId, Route>;
  /** It comes back empty, and every request that was on its way to it is lost. */
  restart(): void;
  /** Which life of it. */
  life(): number;
  /** Whether it lost this environment's route, and with it the fence, and was not told since. */
  forgot(environment: EnvironmentId): boolean;
  remember(environment: EnvironmentId, route: Route): void;
}>;

export const createRouter = (lab: Lab): SimRouter => {
  const routes = new Map<EnvironmentId, Route>();
  const forgotten = new Set<EnvironmentId>();
  let life = 0;
  return {
    routes,
    restart: () => {
      life++;
      for (const environment of routes.keys()) forgotten.add(environment);
      routes.clear();
      lab.trace.note('world', 'the router restarts empty');
    },
    life: () => life,
    forgot: (environment) => forgotten.has(environment),
    remember: (environment, route) => {
      forgotten.delete(environment);
      routes.set(environment, route);
    },
  };
};

export const simRouter = (lab: Lab, router: SimRouter, process: Process): Router => ({
  point: (environment, route) => () => {
    const life = router.life();
    return call<void>(lab, process, {
      operation: 'router.point',
      subject: `${environment} at ${route.fence}`,
      unreachable: 'router/unreachable',
      carryOut: (answer) =>
        answer(life === router.life() ? point(lab, router, environment, route) : E.left(unreachable)),
    })();
  },

  where: (environment) =>
    call<Route | null>(lab, process, {
      operation: 'router.where',
      subject: environment,
      unreachable: 'router/unreachable',
      carryOut: (answer) => answer(E.right(router.routes.get(environment) ?? null)),
    }),

  openRequests: (environment, instance) =>
    call<number>(lab, process, {
      operation: 'router.openRequests',
      subject: environment,
      unreachable: 'router/unreachable',
      carryOut: (answer) => answer(E.right(lab.choices.at(`open requests ${environment} ${instance}`).pick('open', 3))),
    }),
});

const point = (lab: Lab, router: SimRouter, environment: EnvironmentId, route: Route): E.Either<PortError, void> => {
  const was = router.routes.get(environment) ?? null;
  if (was !== null && isStale(was.fence, was.upstream?.id, route)) {
    lab.saw('the router refused a stale fence');
    lab.trace.note('router', `refuses ${environment} at ${route.fence}, it is at ${was.fence}`);
    return E.left(stale(environment, was.fence));
  }
  const forgot = router.forgot(environment);
  router.remember(environment, route);
  lab.trace.note('router', `${environment} at ${route.fence} to ${route.upstream?.id ?? 'nowhere'}`);
  lab.fact({ type: 'routed', environment, route, was, forgot });
  return E.right(undefined);
};

const isStale = (fence: Fence, upstream: string | undefined, route: Route): boolean =>
  route.fence < fence || (route.fence === fence && route.upstream?.id !== upstream);

const stale = (environment: EnvironmentId, fence: Fence): PortError => ({
  kind: 'permanent',
  code: 'router/stale-fence',
  message: `Environment ${environment} is at fence ${fence} already.`,
});

const unreachable: PortError = {
  kind: 'transient',
  code: 'router/unreachable',
  message: 'The router was restarted.',
};
