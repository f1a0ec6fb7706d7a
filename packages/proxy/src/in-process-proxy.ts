/** A reverse proxy in the platform's own process, and the Router that points it. Nothing is asked over a wire. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Router } from '@recourse/core';
import { answer, badRequest, noRoute, responseOn } from './answers.ts';
import type { EnvironmentOf } from './environments.ts';
import { type Forwarding, forward } from './forward.ts';
import { isPlain } from './headers.ts';
import { routeTable } from './route-table.ts';
import { isWebSocket, upgrade } from './upgrade.ts';
import { upstreams } from './upstream.ts';

export type InProcessProxyOptions = Readonly<{
  /** Whom a request is for; undefined is answered 503. It must not throw, whatever a client sends. */
  environmentOf: EnvironmentOf;
  /** Behind another trusted proxy: pass on what its `X-Forwarded-*` say, and add to them. Default false: replace. */
  trustForwarded?: boolean;
  limits?: Partial<ProxyLimits>;
}>;

export type ProxyLimits = Readonly<{
  /** All headers of a request together. Default 16 KiB. */
  headerBytes: number;
  /** Until a client has sent its headers. Default 15 s. */
  headersMs: number;
  /** Until a client has sent the whole request. Default 5 minutes; 0 is no limit. */
  requestMs: number;
  /** How long an idle connection of a client is kept. Default 65 s. */
  keepAliveMs: number;
  /** Until the instance accepts a connection. Default 5 s, then 504. */
  connectMs: number;
  /** Silence of the instance until its answer begins. Default 60 s, then 504. An answer may then stream for ever. */
  answerMs: number;
}>;

export type InProcessProxy = Readonly<{
  router: Router;
  /** For a server of your own, one that ends TLS for example: its `request` and `upgrade` listeners. */
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Opens a plain HTTP listener with the limits; rejects if the address cannot be had. Port 0 takes a free one. */
  listen: (at: Readonly<{ port: number; host?: string }>) => Promise<Readonly<{ host: string; port: number }>>;
  /** Accepts nothing more, lets what is under way end for `graceMs` (default 10 s), then cuts it. */
  close: (options?: Readonly<{ graceMs?: number }>) => Promise<void>;
}>;

const defaults: ProxyLimits = {
  headerBytes: 16_384,
  headersMs: 15_000,
  requestMs: 300_000,
  keepAliveMs: 65_000,
  connectMs: 5_000,
  answerMs: 60_000,
};

/**
 * The route table is memory, and that is enough: after a restart the engine finds `where` to be null and points each
 * live environment again with its recorded fence; whoever held an older fence in this process ended with it.
 */
export const inProcessProxy = (options: InProcessProxyOptions): InProcessProxy => {
  const limits = { ...defaults, ...options.limits };
  const routes = routeTable();
  const to = { routes, upstreams: upstreams(limits), headers: { trustForwarded: options.trustForwarded ?? false } };
  const { onRequest, onUpgrade, tunnels } = listeners(to, options.environmentOf);
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      shouldUpgradeCallback: isWebSocket,
    },
    onRequest,
  );
  server.on('upgrade', onUpgrade);

  return {
    router: routes.router,
    onRequest,
    onUpgrade,
    listen: (at) => listen(server, at),
    close: async ({ graceMs = 10_000 } = {}) => {
      routes.close();
      await close(server, { graceMs, tunnels });
      to.upstreams.close();
    },
  };
};

const listeners = (to: Forwarding, environmentOf: EnvironmentOf) => {
  const tunnels = new Set<Socket>();

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (!isPlain(request)) return answer(response, badRequest);
    const environment = environmentOf(request);
    if (environment === undefined) return answer(response, noRoute);
    forward(to, { environment, request, response });
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!(socket instanceof Socket)) return socket.destroy();
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    if (!isPlain(request) || !isWebSocket(request)) return answer(responseOn(request, socket), badRequest);
    const environment = environmentOf(request);
    if (environment === undefined) return answer(responseOn(request, socket), noRoute);
    upgrade(to, { environment, request, socket, head });
  };

  return { onRequest, onUpgrade, tunnels };
};

type Place = Readonly<{ host: string; port: number }>;

const listen = (server: Server, { port, host = '127.0.0.1' }: Partial<Place> & Pick<Place, 'port'>): Promise<Place> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port });
    });
  });

const close = async (
  server: Server,
  { graceMs, tunnels }: Readonly<{ graceMs: number; tunnels: ReadonlySet<Socket> }>,
): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of tunnels) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
};
