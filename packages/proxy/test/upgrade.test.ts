import { Fence, type Router } from '@recourse/core';
import { eventually, freshRawApp, right, speak } from '@recourse/testing';
import { expect, test } from 'vitest';
import { closing, freshProxy, instanceAt, routeTo, shop } from './wire.ts';

const asking = (protocol: string) =>
  `GET /socket HTTP/1.1\r\nHost: shop.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: k\r\n\r\n`;

const agreed = 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n';

test('what is said right after the handshake is not lost, on either side', async () => {
  const app = await freshRawApp((socket, { chunk }) => {
    if (chunk.startsWith('GET')) socket.write(`${agreed}first from the app `);
    if (chunk.endsWith('first from the client')) socket.end('last from the app');
  });
  const { port } = await freshProxy(app.port);
  const got = await speak(port, `${asking('websocket')}first from the client`);
  expect(got).toMatch(
    /^HTTP\/1\.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n/,
  );
  expect(got).toMatch(/first from the app last from the app$/);
});

test('an application that refuses the upgrade is heard, with its answer', async () => {
  const app = await freshRawApp((socket) =>
    socket.write('HTTP/1.1 401 X\r\nX-Why: token\r\nContent-Length: 4\r\n\r\nnope'),
  );
  const { port, router } = await freshProxy(app.port);
  expect(await speak(port, asking('websocket'))).toMatch(/^HTTP\/1\.1 401 [\s\S]*X-Why: token\r\n[\s\S]*nope$/);
  await drained(router, app.port);
});

test('an upgrade of which nobody can be asked is answered, not cut', async () => {
  const app = await freshRawApp((socket) => socket.destroy());
  const { port, router } = await freshProxy(app.port, { limits: { answerMs: 150 } });
  expect(await speak(port, asking('websocket'))).toMatch(/^HTTP\/1\.1 502 /);
  const silent = await freshRawApp(() => undefined);
  await right(router.point(shop, routeTo(silent.port, 2)));
  expect(await speak(port, asking('websocket'))).toMatch(/^HTTP\/1\.1 504 /);
  await right(router.point(shop, { upstream: null, fence: Fence.parse(3) }));
  expect(await speak(port, asking('websocket'))).toMatch(/^HTTP\/1\.1 503 /);
});

test('another protocol is no tunnel past the proxy: the request is an ordinary one', async () => {
  const app = await freshRawApp((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'));
  const { port } = await freshProxy(app.port);
  for (const protocol of ['h2c', 'websocket, h2c', 'TLS/1.0']) {
    expect(await speak(port, asking(protocol).replace('keep-alive', 'close'))).toContain('hi');
  }
  expect(app.seen.join()).not.toMatch(/upgrade/i);
});

test('when one side breaks off, the other learns of it', async () => {
  const left: string[] = [];
  const app = await freshRawApp((socket, { chunk }) => {
    if (chunk.startsWith('GET')) socket.write(agreed);
    socket.once('close', () => left.push('gone'));
    if (chunk.endsWith('die')) socket.resetAndDestroy();
  });
  const { port } = await freshProxy(app.port);
  expect(await speak(port, `${asking('websocket')}die`)).toContain('101');
  await speak(port, asking('websocket'), (got) => got.includes('\r\n\r\n'));
  while (left.length < 2) await new Promise((next) => setTimeout(next, 5));
});

test('closing the proxy ends upgraded connections after the grace', async () => {
  const app = await freshRawApp((socket) => socket.write(agreed));
  const { port, close } = await freshProxy(app.port);
  let opened = () => {};
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const tunnel = speak(port, asking('websocket'), (got) => {
    if (got.includes('\r\n\r\n')) opened();
    return false;
  });
  await open;
  await close({ graceMs: 50 });
  expect(await tunnel).toContain('101');
  expect(await speak(port, `GET / HTTP/1.1\r\n${closing}`)).toBe('');
});

const drained = (router: Router, port: number): Promise<number> =>
  eventually(
    () => right(router.openRequests(shop, instanceAt(port).id)),
    (open) => open === 0,
  );
