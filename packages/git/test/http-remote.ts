/** The smart HTTP server that git comes with, `git http-backend`, behind Node's own server on 127.0.0.1. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { RepositoryUrl } from '@recourse/core';
import { onTestFinished } from 'vitest';
import type { Origin } from './origin.ts';

export type HttpRemote = Readonly<{
  url: RepositoryUrl;
  /** The same server, with another path. */
  at(path: string): RepositoryUrl;
  /** What was asked, in order: method, path and query. */
  requests: readonly string[];
  /** The next answer that is so long stops there, and does not go on until `close`. */
  stallAfter(bytes: number): void;
  close(): Promise<void>;
}>;

export type HttpRemoteOptions = Readonly<{
  /** 0: the server does not hear that the client knows protocol 2. */
  protocol?: 0 | 2;
  login?: Readonly<{ username: string; password: string }>;
  /** Answers instead of git. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}>;

export const serveHttp = async (origin: Origin, options: HttpRemoteOptions = {}): Promise<HttpRemote> => {
  const requests: string[] = [];
  const stall: Stall = { after: Number.POSITIVE_INFINITY };

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (options.answer?.(request, response)) return;
    if (!isWelcome(request, options)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    runBackend(origin, options, request, response, stall);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  const at = (path: string) => RepositoryUrl.parse(`http://127.0.0.1:${port}${path}`);
  return {
    url: at(`/${basename(origin.directory)}`),
    at,
    requests,
    stallAfter: (bytes) => {
      stall.after = bytes;
    },
    close,
  };
};

const isWelcome = ({ headers }: IncomingMessage, { login }: HttpRemoteOptions) =>
  login === undefined ||
  headers.authorization === `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;

const runBackend = (
  origin: Origin,
  { protocol = 2 }: HttpRemoteOptions,
  request: IncomingMessage,
  response: ServerResponse,
  stall: Stall,
) => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const version = request.headers['git-protocol'];
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: dirname(origin.directory),
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      ...(protocol === 2 && typeof version === 'string' ? { GIT_PROTOCOL: version } : {}),
    },
  });
  request.pipe(backend.stdin).on('error', () => {});
  response.on('close', () => backend.kill());
  relay(backend.stdout, response, stall).catch(() => response.destroy());
};

/** Holds for one answer, the first that comes so far. */
type Stall = { after: number };

/** A CGI answer, headers first, as an HTTP one. */
const relay = async (answer: AsyncIterable<Buffer>, response: ServerResponse, stall: Stall) => {
  let head = Buffer.alloc(0);
  let sent = 0;
  /** Whether to go on. */
  const send = (bytes: Buffer) => {
    const rest = bytes.subarray(0, stall.after - sent);
    sent += rest.length;
    response.write(rest);
    if (sent < stall.after) return true;
    stall.after = Number.POSITIVE_INFINITY;
    return false;
  };
  for await (const chunk of answer) {
    if (!response.headersSent) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) continue;
      writeHead(response, head.toString('latin1', 0, end));
      if (!send(head.subarray(end + 4))) return;
    } else if (!send(chunk)) return;
  }
  response.end();
};

const writeHead = (response: ServerResponse, head: string) => {
  const headers = head.split('\r\n').map((line) => line.split(': ') as [string, string]);
  const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers));
};
