/** What is said on the runtime socket and how its answers are read. Pure; nothing is sent here. */
import { createHash } from 'node:crypto';
import { EnvironmentId, Fence, Instance, type InstanceId, type Route, safelyParse } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';

/** An IP address, as the instance's host resolved to. */
export type Ip = string;

/** The table of the configuration that counts what each instance is serving. */
export const openTable = 'recourse_open';

/**
 * Everything that could mean something to HAProxy's command line is encoded. The environment cannot be, it is looked
 * up as it is: one that is not an EnvironmentId makes no command.
 */
export const pointCommand = (environment: EnvironmentId, route: Route, ip: Ip): string | undefined => {
  const { upstream, fence } = route;
  const target = upstream === null ? '-|-|-' : `${keyOf(environment, upstream.id)}|${ip}|${upstream.address.port}`;
  return EnvironmentId.safeParse(environment).success && Fence.safeParse(fence).success
    ? `recourse point ${environment} ${fence} ${target} ${encode(upstream)}`
    : undefined;
};

export const whereCommand = (environment: EnvironmentId): string | undefined =>
  EnvironmentId.safeParse(environment).success ? `recourse where ${environment}` : undefined;

export const openCommand = (environment: EnvironmentId, instance: InstanceId): string =>
  `show table ${openTable} key ${keyOf(environment, instance)}`;

export type PointAnswer = Readonly<{ said: 'ok' } | { said: 'stale'; held: string }>;

/** Left: what HAProxy said instead, on one line. */
type Read<A> = E.Either<string, A>;

export const readPoint = (answer: string): Read<PointAnswer> => {
  const [, word, held] = /^(ok|stale (\d+))\s*$/.exec(answer) ?? [];
  if (word === undefined) return unexpected(answer);
  return E.right(held === undefined ? { said: 'ok' } : { said: 'stale', held });
};

export const readWhere = (answer: string): Read<Route | null> => {
  if (/^none\s*$/.test(answer)) return E.right(null);
  const [, number, route] = /^route (\d+)\|([\w-]+)\s*$/.exec(answer) ?? [];
  const upstream = route === undefined ? undefined : decode(route);
  const fence = Fence.safeParse(Number(number));
  if (upstream === undefined || !fence.success) return unexpected(answer);
  return E.right({ upstream, fence: fence.data });
};

/** An instance that was never counted, or not for a long time, is not in the table: then nothing but the end of line. */
export const readOpen = (answer: string): Read<number> => {
  if (answer === '\n') return E.right(0);
  const count = answer.startsWith(`# table: ${openTable},`) ? /\bconn_cur=(\d+)\s/.exec(answer)?.[1] : undefined;
  return count === undefined ? unexpected(answer) : E.right(Number(count));
};

const unexpected = (answer: string): E.Either<string, never> =>
  E.left(answer.trim().split('\n')[0]?.slice(0, 200) || 'nothing');

/** Short, the same for the same instance, and never another's. JSON first: UTF-8 would make lone surrogates equal. */
const keyOf = (environment: EnvironmentId, instance: InstanceId): string =>
  createHash('sha256')
    .update(JSON.stringify([environment, instance]))
    .digest('hex')
    .slice(0, 32);

const encode = (upstream: Instance | null): string =>
  Buffer.from(
    JSON.stringify(
      upstream && { id: upstream.id, address: { host: upstream.address.host, port: upstream.address.port } },
    ),
  ).toString('base64url');

const decode = (route: string): Instance | null | undefined => {
  const json: unknown = E.toUnion(
    E.tryCatch(
      () => JSON.parse(Buffer.from(route, 'base64url').toString()),
      () => undefined,
    ),
  );
  return safelyParse(Instance.nullable(), json).data;
};
