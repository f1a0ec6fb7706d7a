import { freshRawApp, speak } from '@recourse/testing';
import { expect, test } from 'vitest';
import { closing, freshProxy } from './wire.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

const echoApp = () => freshRawApp((socket) => socket.write(ok));

test('the application learns who asked and how, and nobody can pretend to be somebody else', async () => {
  const app = await echoApp();
  const { port } = await freshProxy(app.port);
  const lies =
    'X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=9.9.9.9\r\n';
  await speak(port, `GET / HTTP/1.1\r\n${lies}${closing}`);
  expect(app.seen[0]).toContain('\r\nX-Forwarded-For: 127.0.0.1\r\n');
  expect(app.seen[0]).toContain('\r\nX-Forwarded-Proto: http\r\n');
  expect(app.seen[0]).toContain('\r\nX-Forwarded-Host: shop.test\r\n');
  expect(app.seen[0]).not.toMatch(/9\.9\.9\.9|evil/);
});

test('behind a trusted proxy its word is passed on and added to', async () => {
  const app = await echoApp();
  const { port } = await freshProxy(app.port, { trustForwarded: true });
  const told =
    'X-Forwarded-For: 9.9.9.9\r\nx-forwarded-for: 8.8.8.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.test\r\n';
  await speak(port, `GET / HTTP/1.1\r\n${told}${closing}`);
  expect(app.seen[0]).toContain('\r\nX-Forwarded-For: 9.9.9.9, 8.8.8.8, 127.0.0.1\r\n');
  expect(app.seen[0]).toContain('\r\nX-Forwarded-Proto: https\r\n');
  expect(app.seen[0]).toContain('\r\nX-Forwarded-Host: a.test\r\n');
});

test('what is about one connection does not pass, in either direction', async () => {
  const answer =
    'HTTP/1.1 200 OK\r\nConnection: close, x-named\r\nX-Named: 1\r\nKeep-Alive: timeout=9\r\nX-Kept: 1\r\n';
  const app = await freshRawApp((socket) => socket.write(`${answer}Content-Length: 2\r\n\r\nhi`));
  const { port } = await freshProxy(app.port);
  const about = 'Connection: x-mine, close\r\nX-Mine: 1\r\nTE: trailers\r\nProxy-Authorization: x\r\nX-Passed: 1\r\n';
  const got = await speak(port, `GET / HTTP/1.1\r\nHost: shop.test\r\n${about}\r\n`);
  expect(app.seen[0]).toContain('\r\nX-Passed: 1\r\n');
  expect(app.seen[0]).not.toMatch(/x-mine|^te:|proxy-authorization/im);
  expect(got).toContain('\r\nX-Kept: 1\r\n');
  expect(got).not.toMatch(/x-named|timeout=9/i);
});

test('nobody can have the framing taken away by naming it', async () => {
  const app = await echoApp();
  const { port } = await freshProxy(app.port);
  const body = 'Connection: close, content-length, host\r\nContent-Length: 3\r\n\r\nabc';
  await speak(port, `POST / HTTP/1.1\r\nHost: shop.test\r\n${body}`);
  expect(app.seen[0]).toMatch(/^Host: shop\.test\r$/m);
  expect(app.seen[0]).toMatch(/^Content-Length: 3\r$[\s\S]*\r\n\r\nabc$/m);
});

test('headers arrive as they were sent: repeated, in order, in their own case', async () => {
  const app = await freshRawApp((socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd: \xe9\r\nContent-Length: 0\r\n\r\n',
      'latin1',
    ),
  );
  const { port } = await freshProxy(app.port);
  const got = await speak(
    port,
    `GET /a%20b?c=%2F&d HTTP/1.1\r\nX-A: 1\r\nx-b: 2\r\nX-A: 3\r\nX-Odd: \xe9\r\n${closing}`,
  );
  expect(app.seen[0]).toMatch(/^GET \/a%20b\?c=%2F&d HTTP\/1\.1\r\nX-A: 1\r\nx-b: 2\r\nX-A: 3\r\nX-Odd: \xe9\r\n/);
  expect(got).toMatch(/Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd: \xe9\r\n/);
});

test.each([
  ['two lengths of a body', 'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
  ['two different lengths', 'POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n'],
  ['a coding that is almost chunked', 'POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n'],
  ['a coding after chunked', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n'],
  ['a space before the colon', 'POST / HTTP/1.1\r\nContent-Length : 3\r\n'],
  ['a folded header', 'POST / HTTP/1.1\r\nX-A: 1\r\n Transfer-Encoding: chunked\r\n'],
  ['a second Host', 'GET / HTTP/1.1\r\nHost: other.test\r\n'],
  ['a target with a host of its own', 'GET http://other.test/ HTTP/1.1\r\n'],
  ['a target that is not a path', 'OPTIONS * HTTP/1.1\r\n'],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nX-A: a\0b\r\n'],
])('a request with %s is refused and never reaches the application', async (_, head) => {
  const app = await echoApp();
  const { port } = await freshProxy(app.port);
  expect(await speak(port, `${head}${closing}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(app.seen).toEqual([]);
});

test('headers beyond the limit are refused', async () => {
  const app = await echoApp();
  const { port } = await freshProxy(app.port, { limits: { headerBytes: 2_000 } });
  expect(await speak(port, `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(3_000)}\r\n${closing}`)).toMatch(/^HTTP\/1\.1 431 /);
  expect(app.seen).toEqual([]);
});
