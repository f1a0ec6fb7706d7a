import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { environmentByHost, inProcessProxy } from '@recourse/proxy';
import { freshRawApp, right, speak } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { closing, freshProxy, instanceAt, routeTo, shop } from './wire.ts';

const kept = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const get = `GET / HTTP/1.1\r\n${closing}`;
const post = `POST / HTTP/1.1\r\nContent-Length: 1\r\n${closing}x`;

test.each([
  ['a reason phrase that may not be sent', 'HTTP/1.1 200 o\x01k\r\nContent-Length: 2\r\n\r\nhi', 200],
  ['a status below 100', 'HTTP/1.1 050 X\r\nContent-Length: 2\r\n\r\nhi', 502],
  ['another protocol, unasked', 'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 502],
  ['a control character in a header', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\n\r\n', 502],
  ['two lengths of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 502],
  ['something that is not HTTP', 'hello\r\n\r\n', 502],
  ['nothing', '', 502],
])('an application that answers with %s does no harm', async (_, answer, status) => {
  const app = await freshRawApp((socket) => socket.end(answer, 'latin1'));
  const { port, router } = await freshProxy(app.port);
  expect(await speak(port, get)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(await right(router.openRequests(shop, instanceAt(app.port).id))).toBe(0);
});

test('half an answer is not passed off as a whole one', async () => {
  const app = await freshRawApp((socket) =>
    socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
  );
  const { port } = await freshProxy(app.port);
  const got = await speak(port, `GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n`);
  expect(got).toContain('half');
  expect(got).not.toContain('\r\n0\r\n');
});

test('a kept connection that the application closes under a request costs the client nothing', async () => {
  const app = await freshRawApp((socket, { connection }) => {
    // The first connection answers once, and is gone when it is used again.
    if (connection === 0 && app.seen[0] !== undefined && app.seen[0].split('GET').length > 2) socket.destroy();
    else socket.write(kept);
  });
  const { port } = await freshProxy(app.port);
  expect(await speak(port, get)).toContain('hi');
  expect(await speak(port, get)).toContain('hi');
  expect(app.seen).toHaveLength(2);
});

test('what cannot be repeated never travels on a kept connection', async () => {
  const app = await freshRawApp((socket, { chunk }) => void (chunk.includes('x') && socket.write(kept)));
  const { port } = await freshProxy(app.port);
  for (let time = 0; time < 3; time += 1) expect(await speak(port, post)).toContain('hi');
  expect(app.seen.map((request) => request.split('POST').length - 1)).toEqual([1, 1, 1]);
});

test('an application that dies of a request does not get it twice', async () => {
  const app = await freshRawApp((socket) => socket.destroy());
  const { port } = await freshProxy(app.port);
  expect(await speak(port, get)).toMatch(/^HTTP\/1\.1 502 /);
  expect(await speak(port, post)).toMatch(/^HTTP\/1\.1 502 /);
  expect(app.seen).toHaveLength(2);
});

test('a request that the old instance lost in a switch goes to the new one', async () => {
  const next = await freshRawApp((socket) => socket.write(kept.replace('hi', 'nx')));
  const old = await freshRawApp(async (socket) => {
    await right(router.point(shop, routeTo(next.port, 2)));
    socket.destroy();
  });
  const { port, router } = await freshProxy(old.port);
  expect(await speak(port, get)).toContain('nx');
  expect(await right(router.openRequests(shop, instanceAt(old.port).id))).toBe(0);
});

test('an application that does not answer in time is given up with 504, one that streams is not', async () => {
  const silent = await freshRawApp(() => undefined);
  const limits = { answerMs: 150 };
  const { port } = await freshProxy(silent.port, { limits });
  expect(await speak(port, get)).toMatch(/^HTTP\/1\.1 504 /);

  const slow = await freshRawApp((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    setTimeout(() => socket.write('4\r\nlate\r\n0\r\n\r\n'), 450);
  });
  const streaming = await freshProxy(slow.port, { limits });
  expect(await speak(streaming.port, get)).toContain('late');
});

test('an instance that does not accept connections is given up with 504', async () => {
  const listen = `require('node:net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  // Its queue is full after these, and the kernel answers no further connection.
  const knock = () => connect(Number(line), '127.0.0.1').on('error', () => undefined);
  const filling = [knock(), knock(), knock(), knock()] as const;
  onTestFinished(() => {
    for (const socket of filling) socket.destroy();
  });
  await once(filling[0], 'connect');
  const { port } = await freshProxy(Number(line), { limits: { connectMs: 200 } });
  expect(await speak(port, get)).toMatch(/^HTTP\/1\.1 504 /);
});

test('an answer begins before its body does', async () => {
  const app = await freshRawApp((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'),
  );
  const { port } = await freshProxy(app.port);
  expect(await speak(port, get, (got) => got.includes('\r\n\r\n'))).toContain('text/event-stream');
});

test('a large body goes through in both directions', async () => {
  const echo = createServer((request, response) => request.pipe(response));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void echo.close());
  const address = echo.address();
  const { port } = await freshProxy(typeof address === 'object' ? (address?.port ?? 0) : 0);
  const body = Buffer.alloc(5_000_000, 'abcdefgh');
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
});

test('an application may answer before it has read the request', async () => {
  const app = await freshRawApp((socket, { chunk }) => {
    if (chunk.startsWith('POST')) socket.write('HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig');
    if (chunk.startsWith('GET')) socket.write(kept);
  });
  const { port } = await freshProxy(app.port);
  const head = 'POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 2000000\r\n\r\n';
  const got = await speak(port, `${head}${'x'.repeat(2_000_000)}GET / HTTP/1.1\r\n${closing}`);
  // The connection is usable: what follows the body that nobody read is a request of its own.
  expect(got).toMatch(/^HTTP\/1\.1 413 [\s\S]*bigHTTP\/1\.1 200 /);
});

test.each([
  ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', /^HTTP\/1\.1 200 [\s\S]*Content-Length: 5\r\n/],
  ['204', 'GET', 'HTTP/1.1 204 X\r\n\r\n', /^HTTP\/1\.1 204 /],
  ['304', 'GET', 'HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n', /^HTTP\/1\.1 304 /],
])('an answer without a body stays one: %s', async (_, method, answer, expected) => {
  const app = await freshRawApp((socket) => socket.write(answer));
  const { port } = await freshProxy(app.port);
  const got = await speak(port, `${method} / HTTP/1.1\r\n${closing}`);
  expect(got).toMatch(expected);
  expect(got.endsWith('\r\n\r\n')).toBe(true);
});

test('a host that nobody deployed to is answered 503', async () => {
  const app = await freshRawApp((socket) => socket.write(kept));
  const environmentOf = environmentByHost(new Map([['shop.test', shop]]));
  const { port } = await freshProxy(app.port, { environmentOf });
  expect(await speak(port, `GET / HTTP/1.1\r\nHost: SHOP.test:8080\r\nConnection: close\r\n\r\n`)).toContain('hi');
  expect(await speak(port, `GET / HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 503 /,
  );
  expect(await speak(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 503 /);
});

test('a port that is taken is said, not swallowed', async () => {
  const app = await freshRawApp(() => undefined);
  const proxy = inProcessProxy({ environmentOf: () => shop });
  await expect(proxy.listen({ port: app.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing lets what is under way end, and accepts nothing more', async () => {
  const app = await freshRawApp((socket) => void setTimeout(() => socket.write(kept), 300));
  const { port, close } = await freshProxy(app.port);
  const pending = speak(port, get);
  while (app.seen.length === 0) await new Promise((next) => setTimeout(next, 5));
  const closed = close({ graceMs: 20_000 });
  expect(await speak(port, get)).toBe('');
  expect(await pending).toContain('hi');
  await closed;
});
