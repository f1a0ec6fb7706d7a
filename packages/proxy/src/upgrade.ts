/** A WebSocket: the handshake goes to the instance in force, then both sides talk through until one ends. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { EnvironmentId } from '@recourse/core';
import { answer, noRoute, responseOn, timedOut, unreachableUpstream } from './answers.ts';
import type { Forwarding } from './forward.ts';
import { clientHeaders, upstreamHeaders } from './headers.ts';
import { relay } from './relay.ts';
import { TooSlow } from './upstream.ts';

/** Anything else (`h2c` above all) would be a tunnel past the proxy: such a request is served as an ordinary one. */
export const isWebSocket = (request: IncomingMessage): boolean =>
  request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';

const handshake = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];

export const upgrade = (
  to: Forwarding,
  {
    environment,
    request,
    socket,
    head,
  }: Readonly<{ environment: EnvironmentId; request: IncomingMessage; socket: Socket; head: Buffer }>,
) => {
  socket.on('error', () => socket.destroy());
  const visit = to.routes.enter(environment);
  if (visit === undefined) return answer(responseOn(request, socket), noRoute);
  socket.once('close', visit.leave);

  const headers = [...upstreamHeaders(request, to.headers), ...handshake];
  const outgoing = to.upstreams.ask(visit.instance, request, { headers, fresh: true });
  socket.once('close', () => outgoing.destroy());
  let answered = false;
  outgoing.once('upgrade', (incoming, upstream, upstreamHead) => {
    answered = true;
    socket.write(statusLine(incoming));
    upstream.write(head);
    socket.write(upstreamHead);
    join(socket, upstream);
  });
  outgoing.once('response', (incoming) => {
    answered = true;
    relay(incoming, responseOn(request, socket));
  });
  outgoing.on('error', (error) => {
    if (answered || socket.destroyed) return;
    answered = true;
    answer(responseOn(request, socket), error instanceof TooSlow ? timedOut : unreachableUpstream);
  });
  outgoing.end();
};

const statusLine = (incoming: IncomingMessage): string => {
  const headers = [...clientHeaders(incoming), ...handshake];
  const lines = Array.from({ length: headers.length / 2 }, (_, at) => `${headers[2 * at]}: ${headers[2 * at + 1]}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
};

/** Each side's end is passed on; when one is gone, so is the other. */
const join = (client: Socket, upstream: Socket): void => {
  for (const [side, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    side.setTimeout(0);
    side.setNoDelay(true);
    side.setKeepAlive(true, 60_000);
    side.on('error', () => other.destroy());
    side.once('close', () => other.destroySoon());
    side.pipe(other);
  }
};
