/** Real HTTP for the router's suite: an application that can be made to wait, and clients that keep their connections. */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Instance } from '@recourse/core';

/** An instance of an application: answers with its name, or holds the answer to `/held` back until it is let go. */
export type App = Readonly<{
  instance: Instance;
  /** Resolves when so many requests for `/held` have arrived. */
  held: (count: number) => Promise<void>;
  letGo: () => void;
  /** Cuts every connection that is left, as stopping the process would. */
  close: () => Promise<void>;
}>;

export type AppOptions = Readonly<{
  id?: string;
  /** Closes each connection a moment after it answered on it, without a word: the client believes it is kept. */
  impatient?: boolean;
}>;

export const startApp = async (name: string, { id = name, impatient = false }: AppOptions = {}): Promise<App> => {
  const holding = gate();
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('x-app', name);
    if (impatient) response.once('finish', () => setTimeout(() => request.socket.destroy(), Math.random() * 4));
    if (request.url !== '/held') return void response.end(name);
    response.write('first ');
    void holding.pass().then(() => response.end('last'));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => acceptWebSocket(name, request, socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the test application has no port');
  return {
    instance: Instance.parse({ id, address: { host: '127.0.0.1', port: address.port } }),
    held: holding.arrived,
    letGo: holding.open,
    close: async () => {
      holding.open();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

/** Where requests wait until it is opened; and somebody waits for them to come. */
const gate = () => {
  const opened = Promise.withResolvers<void>();
  const watchers: (() => void)[] = [];
  let came = 0;
  return {
    open: () => opened.resolve(),
    pass: () => {
      came += 1;
      for (const look of watchers) look();
      return opened.promise;
    },
    arrived: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => void (came >= count && resolve());
        watchers.push(look);
        look();
      }),
  };
};

/** The handshake; then what comes in goes out again. */
const acceptWebSocket = (name: string, request: IncomingMessage, socket: Socket): void => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${webSocketGuid}`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`);
  socket.write(`Sec-WebSocket-Accept: ${accept}\r\nX-App: ${name}\r\n\r\n`);
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
};

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export type Answer = Readonly<{ status: number; app: string | undefined; body: string }>;

export type Asking = Readonly<{ path?: string; method?: string; body?: string; agent?: Agent; signal?: AbortSignal }>;

/** Asks an environment: the URL's host is the Host header, its port is where the traffic goes, on this machine. */
export const ask = (base: URL, asking: Asking = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { path = '/', method = 'GET', body, agent, signal } = asking;
    const options = { host: '127.0.0.1', port: base.port, path, method, headers: { host: base.host }, signal };
    const request = httpRequest({ ...options, agent: agent ?? false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          app: String(response.headers['x-app']),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.once('error', reject);
    request.end(body);
  });

export type Tunnel = Readonly<{ app: string; echo: (text: string) => Promise<string>; end: () => Promise<void> }>;

/** A WebSocket handshake; what is sent through it after that comes back from the application as it is. */
export const openTunnel = (base: URL): Promise<Tunnel> =>
  new Promise((resolve, reject) => {
    const key = randomBytes(16).toString('base64');
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
    };
    const headers = { host: base.host, ...handshake };
    const request = httpRequest({ host: '127.0.0.1', port: base.port, path: '/socket', headers, agent: false });
    request.once('error', reject);
    request.once('response', ({ statusCode }) => reject(new Error(`the upgrade was answered ${statusCode}`)));
    request.once('upgrade', (response, socket) =>
      resolve({
        app: String(response.headers['x-app']),
        echo: (text) =>
          new Promise((answered, failed) => {
            socket.once('data', (chunk: Buffer) => answered(chunk.toString()));
            socket.once('close', () => failed(new Error('the upgraded connection was cut')));
            socket.write(text);
          }),
        end: () =>
          new Promise((ended) => {
            socket.once('close', () => ended());
            socket.end();
          }),
      }),
    );
    request.end();
  });

export type Load = Readonly<{
  /** From now on every request that starts must be answered by this application or a later one. */
  expect: (app: string) => void;
  /** Resolves when so many more requests have been answered. */
  more: (count: number) => Promise<void>;
  /** Ends it and tells everything that was not as it should be. */
  stop: () => Promise<Readonly<{ answered: number; wrong: readonly string[] }>>;
}>;

/**
 * Clients on kept connections that ask without a pause: reading, and writing what may not be sent twice. `order` is
 * that of the applications; who answers may be ahead of what is expected, never behind it.
 */
export const startLoad = (
  base: URL,
  { clients, order }: Readonly<{ clients: number; order: readonly string[] }>,
): Load => {
  const wrong: string[] = [];
  const waiting = new Set<() => void>();
  let floor = 0;
  let answered = 0;
  let stopped = false;

  const once = async (agent: Agent, asking: Asking) => {
    const expected = floor;
    const outcome = await ask(base, { ...asking, agent }).catch((error: Error) => error);
    if (outcome instanceof Error) wrong.push(`${asking.method}: ${outcome.message}`);
    else if (outcome.status !== 200) wrong.push(`${asking.method}: status ${outcome.status}`);
    else if (order.indexOf(outcome.body) < expected)
      wrong.push(`${outcome.body} answered after ${order[expected]} was live`);
    answered += 1;
    for (const look of waiting) look();
  };
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      await once(agent, { method: 'GET' });
      await once(agent, { method: 'POST', body: 'once only' });
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, client);

  return {
    expect: (app) => {
      floor = order.indexOf(app);
    },
    more: (count) =>
      new Promise((resolve) => {
        const wanted = answered + count;
        const look = () => {
          if (answered < wanted) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      }),
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      return { answered, wrong };
    },
  };
};
