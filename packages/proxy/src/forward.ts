/** One request to the instance that is in force when it starts, and its answer back. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { EnvironmentId } from '@recourse/core';
import { answer, noRoute, timedOut, unreachableUpstream } from './answers.ts';
import { type HeaderOptions, hasBody, upstreamHeaders } from './headers.ts';
import { relay } from './relay.ts';
import type { RouteTable, Visit } from './route-table.ts';
import { mayRepeat, TooSlow, type Upstreams } from './upstream.ts';

export type Forwarding = Readonly<{ routes: RouteTable; upstreams: Upstreams; headers: HeaderOptions }>;

export const forward = (
  to: Forwarding,
  exchange: Readonly<{ environment: EnvironmentId; request: IncomingMessage; response: ServerResponse }>,
): void => attempt(to, { ...exchange, last: false });

type Exchange = Readonly<{
  environment: EnvironmentId;
  request: IncomingMessage;
  response: ServerResponse;
  /** True on the second attempt: there is no third. */
  last: boolean;
}>;

const attempt = (to: Forwarding, exchange: Exchange): void => {
  const { environment, request, response } = exchange;
  const visit = to.routes.enter(environment);
  if (visit === undefined) {
    answer(response, noRoute);
    return;
  }
  // Held until the client has everything or is gone, however long the answer streams.
  response.once('close', visit.leave);

  const headers = upstreamHeaders(request, to.headers);
  const outgoing = to.upstreams.ask(visit.instance, request, { headers, fresh: exchange.last });
  response.once('close', () => outgoing.destroy());
  let answered = false;
  outgoing.once('response', (incoming) => {
    answered = true;
    relay(incoming, response);
  });
  outgoing.on('error', (error) => {
    // Part of the answer is with the client: how that ends, the answer's own stream tells.
    if (answered || response.destroyed) return;
    answered = true;
    visit.leave();
    if (shouldRepeat(error, outgoing, { to, exchange, visit })) attempt(to, { ...exchange, last: true });
    else answer(response, error instanceof TooSlow ? timedOut : unreachableUpstream);
  });
  // Node ends a request whose upstream switches protocols unasked without an answer and without an error.
  outgoing.once('close', () => {
    if (!answered && !response.destroyed) answer(response, unreachableUpstream);
  });
  if (hasBody(request)) {
    request.pipe(outgoing);
    letGo(request, response, outgoing);
  } else outgoing.end();
};

/**
 * Once, and only what may be carried out twice: when a kept connection turned out to be closed under it, or when the
 * traffic has moved to another instance since it started.
 */
const shouldRepeat = (
  error: Error,
  outgoing: ClientRequest,
  { to, exchange, visit }: Readonly<{ to: Forwarding; exchange: Exchange; visit: Visit }>,
): boolean => {
  if (exchange.last || !mayRepeat(exchange.request) || !isLostConnection(error)) return false;
  return outgoing.reusedSocket || to.routes.instanceOf(exchange.environment)?.id !== visit.instance.id;
};

const lost = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE']);

const isLostConnection = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && lost.has(error.code);

/** An upstream may answer before it has read the request. What is left of it is let go, so that the client can end. */
const letGo = (request: IncomingMessage, response: ServerResponse, outgoing: ClientRequest): void => {
  response.once('finish', () => {
    if (request.complete) return;
    request.unpipe(outgoing);
    request.resume();
  });
};
