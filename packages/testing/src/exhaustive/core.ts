/** The functions under test. A caller may wrap one of them, to see whether the search would notice. */
import {
  decideDeployment,
  decideEnvironment,
  evolveDeployment,
  evolveEnvironment,
  next,
  type Route,
} from '@recourse/core';

export type Core = Readonly<{
  decideDeployment: typeof decideDeployment;
  evolveDeployment: typeof evolveDeployment;
  decideEnvironment: typeof decideEnvironment;
  evolveEnvironment: typeof evolveEnvironment;
  next: typeof next;
  /** What every adapter of a router has to do: refuse a fence that is lower, or the same one with another upstream. */
  refusesRoute: (held: Route | null, wanted: Route) => boolean;
}>;

export const realCore: Core = {
  decideDeployment,
  evolveDeployment,
  decideEnvironment,
  evolveEnvironment,
  next,
  refusesRoute: (held, { fence, upstream }) =>
    held !== null && (fence < held.fence || (fence === held.fence && upstream?.id !== held.upstream?.id)),
};
