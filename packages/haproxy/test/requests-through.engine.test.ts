/** What becomes of requests on their way through HAProxy with this configuration, on the wire. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fence } from '@recourse/core';
import { environmentByHost, onlyEnvironment } from '@recourse/haproxy';
import { askEnvironment, eventually, freshRawApp, right, speak, startTestApp } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { freshHaproxy, instanceAt, routeTo, shop } from './fresh-haproxy.ts';

const kept = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const closing = 'Host: shop.test\r\nConnection: close\r\n\r\n';

test('the application learns who asked and how, and nobody can pretend to be somebody else', async () => {
  const app = await freshRawApp((socket) => socket.write(kept));
  const { router, port } = await freshHaproxy();
  await right(router.point(shop, routeTo(app.port, 1)));
  const lies =
    'X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=9.9.9.9\r\n';
  await speak(port, `GET / HTTP/1.1\r\n${lies}${closing}`);
  expect(app.seen[0]).toMatch(/^x-forwarded-for: 127\.0\.0\.1\r$/im);
  expect(app.seen[0]).toMatch(/^x-forwarded-proto: http\r$/im);
  expect(app.seen[0]).toMatch(/^x-forwarded-host: shop\.test\r$/im);
  expect(app.seen[0]).not.toMatch(/9\.9\.9\.9|evil/);
});

test('behind a trusted proxy its word is passed on and added to', async () => {
  const app = await freshRawApp((socket) => socket.write(kept));
  const { router, port } = await freshHaproxy({ trustForwarded: true });
  await right(router.point(shop, routeTo(app.port, 1)));
  const told = 'X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.test\r\n';
  await speak(port, `GET / HTTP/1.1\r\n${told}${closing}`);
  expect(app.seen[0]).toMatch(/^x-forwarded-for: 9\.9\.9\.9\b[\s\S]*127\.0\.0\.1\r$/im);
  expect(app.seen[0]).toMatch(/^x-forwarded-proto: https\r$/im);
  expect(app.seen[0]).toMatch(/^x-forwarded-host: a\.test\r$/im);
});

test('what cannot be repeated never travels on a kept connection, what can does', async () => {
  const app = await freshRawApp((socket, { chunk }) => void (/x$|\r\n\r\n$/.test(chunk) && socket.write(kept)));
  const { router, port } = await freshHaproxy();
  await right(router.point(shop, routeTo(app.port, 1)));
  const post = 'POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1\r\n\r\nx';
  const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';
  const answers = (count: number) => (got: string) => got.split('hi').length > count;
  await speak(port, post.repeat(3), answers(3));
  expect(app.seen).toHaveLength(3);
  await speak(port, get.repeat(3), answers(3));
  expect(app.seen).toHaveLength(4);
});

test('an application that dies of a request that may not be repeated does not get it twice', async () => {
  const app = await freshRawApp((socket) => socket.destroy());
  const { router, port } = await freshHaproxy();
  await right(router.point(shop, routeTo(app.port, 1)));
  const got = await speak(port, `POST / HTTP/1.1\r\nContent-Length: 1\r\n${closing}x`);
  expect(got).toMatch(/^HTTP\/1\.1 502 /);
  expect(app.seen).toHaveLength(1);
});

test('another protocol is no tunnel past the proxy: the request is an ordinary one', async () => {
  const app = await freshRawApp((socket) => socket.write(kept));
  const { router, port } = await freshHaproxy();
  await right(router.point(shop, routeTo(app.port, 1)));
  const upgrade = 'Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
  await speak(port, `GET / HTTP/1.1\r\nHost: shop.test\r\n${upgrade}\r\n`, (got) => got.includes('hi'));
  expect(app.seen[0]).toContain('GET / HTTP/1.1');
  expect(app.seen[0]).not.toMatch(/upgrade/i);
});

test('a host that nobody deployed to is told so, in plain text', async () => {
  const { port } = await freshHaproxy();
  expect(await speak(port, `GET / HTTP/1.1\r\n${closing}`)).toMatch(
    /^HTTP\/1\.1 503 [\s\S]*text\/plain[\s\S]*Nothing is deployed here\.$/,
  );
  expect(await speak(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 503 /);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['an IPv6 address', '::1'],
  ['a name', 'localhost'],
])('an instance may be at %s', async (_, host) => {
  const app = await startTestApp('a');
  onTestFinished(() => app.close());
  const { router, base } = await freshHaproxy();
  const upstream = { ...app.instance, address: { host, port: app.instance.address.port } };
  await right(router.point(shop, { upstream, fence: Fence.parse(1) }));
  expect(await right(router.where(shop))).toEqual({ upstream, fence: 1 });
  // The test's application listens on IPv4 only: that HAProxy went to the other address is seen by its refusal.
  expect((await askEnvironment(base)).status).toBe(host === '::1' ? 503 : 200);
});

test('everything may be for one environment', async () => {
  const app = await freshRawApp((socket) => socket.write(kept));
  const { router, port } = await freshHaproxy({ environment: onlyEnvironment(shop) });
  await right(router.point(shop, routeTo(app.port, 1)));
  expect(await speak(port, 'GET / HTTP/1.1\r\nHost: whatever\r\nConnection: close\r\n\r\n')).toContain('hi');
});

test('or hosts are given to environments by a map', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rm-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const hosts = join(folder, 'hosts.map');
  await writeFile(hosts, 'www.example.test shop\n');
  const app = await freshRawApp((socket) => socket.write(kept));
  const { router, port } = await freshHaproxy({ environment: environmentByHost(hosts) });
  await right(router.point(shop, routeTo(app.port, 1)));
  const from = (host: string) => speak(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  expect(await from('WWW.example.test:80')).toContain('hi');
  expect(await from('shop.test')).toMatch(/^HTTP\/1\.1 503 /);
});

test('a client that goes away between two pieces of an answer is not waited for', async () => {
  const app = await freshRawApp((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
  const { router, port } = await freshHaproxy();
  await right(router.point(shop, routeTo(app.port, 1)));
  await speak(port, 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n', (got) => got.endsWith('half'));
  await eventually(
    () => right(router.openRequests(shop, instanceAt(app.port).id)),
    (open) => open === 0,
  );
});
