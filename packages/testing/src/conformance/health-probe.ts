/** What every HealthProbe that speaks HTTP owes. The suite brings its own instances, some of them hostile. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { type Address, Address as AddressSchema, type HealthProbe } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './eventually.ts';
import { left, right } from './outcome.ts';

export type HealthProbeUnderTest = Readonly<{ probe: HealthProbe; close: () => Promise<void> }>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const healthProbeConformance = (adapter: string, open: () => Promise<HealthProbeUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };
  const patient = () => ({ timeoutMs: 30_000, signal: new AbortController().signal });
  const impatient = () => ({ ...patient(), timeoutMs: 200 });

  describe(`${adapter} as a HealthProbe`, { timeout: 60_000 }, () => {
    test.each([200, 201, 204, 299])('takes %d for healthy', async (status) => {
      const { probe } = await fresh();
      const address = await serve((_, response) => response.writeHead(status).end());
      const answer = await right(probe.check(address, '/', patient()));
      expect(answer).toEqual({ healthy: true, detail: String(status) });
    });

    test.each([300, 304, 400, 401, 404, 500, 503])('takes %d for not healthy', async (status) => {
      const { probe } = await fresh();
      const address = await serve((_, response) => response.writeHead(status).end());
      const answer = await right(probe.check(address, '/', patient()));
      expect(answer).toEqual({ healthy: false, detail: String(status) });
    });

    test('asks for the very path, at the very address', async () => {
      const { probe } = await fresh();
      const asked: (string | undefined)[] = [];
      const address = await serve((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.end();
      });
      await right(probe.check(address, '/up?deep=1&x=%20', patient()));
      await right(probe.check(address, '//elsewhere.invalid/up', patient()));
      await right(probe.check(address, '/größe', patient()));
      expect(asked).toEqual(['GET /up?deep=1&x=%20', 'GET //elsewhere.invalid/up', 'GET /gr%C3%B6%C3%9Fe']);
    });

    test.each([301, 302, 307, 308])('follows no redirect (%d)', async (status) => {
      const { probe } = await fresh();
      let visits = 0;
      const elsewhere = await serve((_, response) => {
        visits += 1;
        response.end();
      });
      const location = `http://${elsewhere.host}:${elsewhere.port}/`;
      const address = await serve((_, response) => response.writeHead(status, { location }).end());
      expect(await right(probe.check(address, '/', patient()))).toEqual({ healthy: false, detail: String(status) });
      expect(visits).toBe(0);
    });

    test('uses no proxy, whatever the environment says', async () => {
      const { probe } = await fresh();
      const proxy = await serve((_, response) => response.writeHead(200).end());
      const names = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'NODE_USE_ENV_PROXY'];
      const before = names.map((name) => process.env[name]);
      for (const name of names)
        process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${proxy.port}`;
      onTestFinished(() => {
        for (const [i, name] of names.entries()) {
          if (before[i] === undefined) delete process.env[name];
          else process.env[name] = before[i];
        }
      });
      const address = await serve((_, response) => response.writeHead(503).end());
      expect(await right(probe.check(address, '/', patient()))).toEqual({ healthy: false, detail: '503' });
    });

    test('says that nobody listens', async () => {
      const { probe } = await fresh();
      const answer = await right(probe.check(await closedPort(), '/', patient()));
      expect(answer).toEqual({ healthy: false, detail: 'connection refused' });
    });

    test('says that it waited in vain', async () => {
      const { probe } = await fresh();
      const silent = await serveRaw(() => {});
      expect(await right(probe.check(silent, '/', impatient()))).toEqual({ healthy: false, detail: 'timed out' });
    });

    test('does not let itself be kept by an answer that never ends', async () => {
      const { probe } = await fresh();
      const dripping = await serveRaw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => socket.write('x: y\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      expect(await right(probe.check(dripping, '/', impatient()))).toEqual({ healthy: false, detail: 'timed out' });

      const boundless = await serveRaw((socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_000_000)}`));
      expect(await right(probe.check(boundless, '/', patient()))).toEqual({ healthy: true, detail: '200' });
    });

    test.each([
      ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(200_000)}\r\n`],
      ['not HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
      ['another status line', 'HTTP/1.1 abc OK\r\n\r\n'],
      ['nothing', ''],
      ['half an answer', 'HTTP/1.1 200'],
      ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
    ])('takes %s for not healthy', async (_, answer) => {
      const { probe } = await fresh();
      const address = await serveRaw((socket) => socket.end(answer));
      const { healthy, detail } = await right(probe.check(address, '/', patient()));
      expect(healthy).toBe(false);
      expect(detail).toMatch(/^[\w ]{1,40}$/);
    });

    test('never repeats what the app said', async () => {
      const { probe } = await fresh();
      const address = await serve((_, response) => {
        response.writeHead(500, 'canary-reason', { 'x-header': 'canary-header' }).end('canary-body');
      });
      expect(JSON.stringify(await right(probe.check(address, '/', patient())))).not.toContain('canary');
    });

    test.each([
      '/\r\nx-injected: yes',
      '/\nx',
      '/ HTTP/1.1\r\n\r\nGET /2',
      '',
      'no-slash',
      'http://elsewhere.invalid/',
      '/\0',
    ])('sends nothing for the path %j', async (path) => {
      const { probe } = await fresh();
      let connections = 0;
      const address = await serveRaw((socket) => {
        connections += 1;
        socket.end('HTTP/1.1 200 OK\r\n\r\n');
      });
      expect(await left(probe.check(address, path, patient()))).toMatchObject({ kind: 'permanent' });
      expect(connections).toBe(0);
    });

    test('stops when it is told to', async () => {
      const { probe } = await fresh();
      const abort = new AbortController();
      const silent = await serveRaw(() => abort.abort());
      const error = await left(probe.check(silent, '/', { ...patient(), signal: abort.signal }));
      expect(error).toMatchObject({ kind: 'transient' });
      expect(await left(probe.check(silent, '/', { ...patient(), signal: abort.signal }))).toMatchObject({
        kind: 'transient',
      });
    });

    test('leaves no connection open', async () => {
      const { probe } = await fresh();
      const open = new Set<Socket>();
      const address = await serveRaw((socket) => {
        open.add(socket);
        socket.on('close', () => open.delete(socket));
        socket.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 10\r\n\r\nhello');
      });
      for (let i = 0; i < 5; i += 1) await right(probe.check(address, '/', patient()));
      const left = await eventually(
        async () => open.size,
        (size) => size === 0,
      );
      expect(left).toBe(0);
    });
  });
};

const serve = (listener: RequestListener): Promise<Address> => listen(createServer(listener));

const serveRaw = (onConnection: (socket: Socket) => void): Promise<Address> =>
  listen(
    createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => onConnection(socket));
      onTestFinished(() => void socket.destroy());
    }),
  );

const listen = async (server: Server | TcpServer): Promise<Address> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const bound = server.address();
  return AddressSchema.parse({ host: '127.0.0.1', port: typeof bound === 'object' ? bound?.port : undefined });
};

/** A port that was free a moment ago. */
const closedPort = async (): Promise<Address> => {
  const server = createTcpServer();
  const address = await listen(server);
  server.close();
  await once(server, 'close');
  return address;
};
