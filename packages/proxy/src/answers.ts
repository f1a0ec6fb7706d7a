/** The answers that are the proxy's own. Plain text that tells nothing about what is behind it. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export const badRequest = { status: 400, text: 'This request cannot be forwarded.' } as const;
export const unreachableUpstream = { status: 502, text: 'The application did not answer.' } as const;
export const noRoute = { status: 503, text: 'Nothing is deployed here.' } as const;
export const timedOut = { status: 504, text: 'The application took too long to answer.' } as const;

export type OwnAnswer = typeof badRequest | typeof unreachableUpstream | typeof noRoute | typeof timedOut;

/** Answers, or cuts the connection if the client has part of another answer already. */
export const answer = (response: ServerResponse, { status, text }: OwnAnswer): void => {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = `${text}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
};

/** A response for a request that asked for an upgrade and does not get one; the connection ends with it. */
export const responseOn = (request: IncomingMessage, socket: Socket): ServerResponse => {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  return response;
};
