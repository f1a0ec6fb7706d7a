/** An instance's answer on its way to the client, as it comes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, unreachableUpstream } from './answers.ts';
import { clientHeaders } from './headers.ts';

export const relay = (incoming: IncomingMessage, response: ServerResponse): void => {
  const status = incoming.statusCode ?? 0;
  // An application that breaks off ends the client's connection too: half an answer must not look like a whole one.
  incoming.on('error', () => response.destroy());
  if (status < 200) {
    incoming.destroy();
    answer(response, unreachableUpstream);
    return;
  }
  // Its reason phrase is left out: Node refuses, by a throw, to send some that it has read.
  response.writeHead(status, clientHeaders(incoming));
  incoming.pipe(response);
  // With the first of the body if that is here already; else alone, because a stream may have nothing to say yet.
  setImmediate(() => {
    if (!response.writableEnded) response.flushHeaders();
  });
};
