/** Whom a request is for. Any function of the request will do; these are the usual two. */
import type { IncomingMessage } from 'node:http';
import type { EnvironmentId } from '@recourse/core';

export type EnvironmentOf = (request: IncomingMessage) => EnvironmentId | undefined;

/** Everything that arrives is for one environment. */
export const onlyEnvironment =
  (environment: EnvironmentId): EnvironmentOf =>
  () =>
    environment;

/** By the host name that the client asked for, without its port. The map may change while the proxy runs. */
export const environmentByHost =
  (hosts: ReadonlyMap<string, EnvironmentId>): EnvironmentOf =>
  ({ headers }) =>
    hosts.get((headers.host ?? '').toLowerCase().replace(/:\d*$/, ''));
