/** Asking an instance: which connection is used, and how long it may take. */
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Instance } from '@recourse/core';
import { hasBody } from './headers.ts';

export type Patience = Readonly<{
  /** Until the connection stands. */
  connectMs: number;
  /** Silence until the first byte of the answer. There is no limit on what comes after. */
  answerMs: number;
}>;

export class TooSlow extends Error {}

export type Upstreams = Readonly<{
  /** Sends the head of the request; its body is the caller's. `fresh` is for a second attempt. */
  ask: (
    instance: Instance,
    request: IncomingMessage,
    how: Readonly<{ headers: string[]; fresh: boolean }>,
  ) => ClientRequest;
  close: () => void;
}>;

/**
 * A request that cannot be repeated never travels on a kept connection, which its owner may be closing at this very
 * moment: it would be lost, and nobody could say whether it was carried out.
 */
export const upstreams = (patience: Patience): Upstreams => {
  const kept = new Agent({ keepAlive: true, maxFreeSockets: 256 });

  return {
    ask: ({ address }, request, { headers, fresh }) => {
      const outgoing = httpRequest({
        host: address.host,
        port: address.port,
        method: request.method,
        path: request.url,
        headers,
        agent: mayRepeat(request) && !fresh ? kept : false,
        setHost: false,
      });
      limit(outgoing, patience);
      return outgoing;
    },
    close: () => kept.destroy(),
  };
};

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export const mayRepeat = (request: IncomingMessage): boolean =>
  idempotent.has(request.method ?? '') && !hasBody(request) && request.headers.upgrade === undefined;

const limit = (outgoing: ClientRequest, { connectMs, answerMs }: Patience): void => {
  const giveUp = (what: string) => outgoing.destroy(new TooSlow(what));
  outgoing.once('socket', (socket: Socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => giveUp('connect'), connectMs);
    socket.once('connect', () => clearTimeout(timer));
    outgoing.once('close', () => clearTimeout(timer));
  });
  outgoing.setTimeout(answerMs, () => giveUp('answer'));
  const answered = () => outgoing.setTimeout(0);
  outgoing.once('response', answered);
  outgoing.once('upgrade', answered);
};
