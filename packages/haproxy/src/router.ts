/**
 * A Router on HAProxy's runtime socket: nothing is reloaded, so no connection is reset. The fence is compared by
 * HAProxy itself (lua/recourse.lua); there is nothing between a comparison and a switch in which this process could
 * be frozen. Several processes may drive one HAProxy.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { EnvironmentId, PortError, Route, Router } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Ip, openCommand, pointCommand, readOpen, readPoint, readWhere, whereCommand } from './requests.ts';
import { type RuntimeSocketOptions, runtimeSocket } from './runtime-socket.ts';

export type HaproxyRouterOptions = RuntimeSocketOptions;

/**
 * The HAProxy behind the socket runs with what `haproxyConfig` gives, or with its parts.
 *
 * Errors besides the port's: `router/misconfigured` (permanent) when HAProxy does not know our commands or cannot
 * write its routes file; `router/invalid-name` (permanent) for an environment that is not an EnvironmentId.
 */
export const haproxyRouter = (options: HaproxyRouterOptions): Router => {
  const say = runtimeSocket(options);

  const ask = <A>(command: string | undefined, environment: string, read: (answer: string) => E.Either<string, A>) =>
    command === undefined
      ? TE.left(invalidName(environment))
      : pipe(
          say(command),
          TE.chainEitherK((answer) =>
            pipe(
              read(answer),
              E.mapLeft((said) => misconfigured(options.socketPath, said)),
            ),
          ),
        );

  return {
    point: (environment, route) =>
      pipe(
        resolve(route),
        TE.chain((ip) => ask(pointCommand(environment, route, ip), environment, readPoint)),
        TE.chain((answer) =>
          answer.said === 'ok' ? TE.right(undefined) : TE.left(stale(environment, route, answer.held)),
        ),
      ),
    where: (environment) => ask(whereCommand(environment), environment, readWhere),
    openRequests: (environment, instance) => ask(openCommand(environment, instance), environment, readOpen),
  };
};

/** HAProxy routes by address. A name is looked up once, here, when traffic is pointed at it. */
const resolve = ({ upstream }: Route): TE.TaskEither<PortError, Ip> => {
  if (upstream === null) return TE.right('-');
  const { host } = upstream.address;
  if (isIP(host) !== 0) return TE.right(host);
  return TE.tryCatch(
    async () => (await lookup(host)).address,
    (cause): PortError => ({
      kind: 'transient',
      code: 'router/unreachable',
      message: `HAProxy was not pointed at ${JSON.stringify(host)}: the name does not resolve on this machine.`,
      cause,
    }),
  );
};

const stale = (environment: EnvironmentId, route: Route, held: string): PortError => ({
  kind: 'permanent',
  code: 'router/stale-fence',
  message:
    `The traffic of ${environment} was not moved: it was switched with fence ${held} already, ` +
    `and this switch carries ${route.fence}. A newer deployment or rollback has taken over.`,
});

const misconfigured = (socketPath: string, said: string): PortError => ({
  kind: 'permanent',
  code: 'router/misconfigured',
  message:
    `HAProxy on ${socketPath} answered "${said}". Check that its configuration is the one of haproxyConfig, ` +
    'and that HAProxy may write its routes file and the folder that it is in.',
});

const invalidName = (environment: string): PortError => ({
  kind: 'permanent',
  code: 'router/invalid-name',
  message: `${JSON.stringify(environment.slice(0, 80))} is not the id of an environment, so nothing was sent to HAProxy.`,
});
