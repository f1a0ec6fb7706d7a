/** What HAProxy's command line could take for more than a name: nothing of it is ever sent. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnvironmentId, type Fence, InstanceId, type Route } from '@recourse/core';
import { haproxyRouter } from '@recourse/haproxy';
import { left } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { shop } from './fresh-haproxy.ts';

/** A runtime socket at which somebody only listens. */
const listening = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rl-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const socketPath = join(folder, 's');
  let heard = '';
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        heard += String(bytes);
        socket.end('\n');
      });
  }).listen(socketPath);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { router: haproxyRouter({ socketPath, timeoutMs: 2_000 }), heard: () => heard };
};

const route = (over: Partial<Route> = {}): Route => ({
  upstream: { id: InstanceId.parse('i-1'), address: { host: '127.0.0.1', port: 80 } },
  fence: 1 as Fence,
  ...over,
});

const environments = [
  '',
  ' ',
  'shop ',
  'shop 2',
  'Shop',
  'shop;show info',
  'shop\nshow info',
  'shop\r\nshutdown',
  'shop\0',
  'shop\\ x',
  'shop#x',
  'shop|x',
  'shop<<',
  '-shop',
  '__proto__',
  '*',
  '../shop',
  'größe',
  'shop\u2028x',
  '\ud800',
  'a'.repeat(64),
  'x'.repeat(1_000_000),
];

describe('an environment', () => {
  test.each(environments.map((name) => [JSON.stringify(name).slice(0, 60), name] as const))(
    '%s is refused, and nothing is sent',
    async (_name, name) => {
      const { router, heard } = await listening();
      const environment = name as EnvironmentId;
      for (const error of [await left(router.point(environment, route())), await left(router.where(environment))]) {
        expect(error).toMatchObject({ kind: 'permanent', code: 'router/invalid-name' });
        expect(error.message).toContain('environment');
        expect(error.message.length).toBeLessThan(600);
      }
      expect(heard()).toBe('');
    },
  );
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 53, '7', '7\nshow info'])(
  'a fence of %j is refused, and nothing is sent',
  async (fence) => {
    const { router, heard } = await listening();
    await left(router.point(shop, route({ fence: fence as Fence })));
    expect(heard()).toBe('');
  },
);

test.each(['a b', 'a;b', '127.0.0.1|1', '127.0.0.1 x', 'a\nshow info', '127.0.0.1\n', '[::1]', 'x'.repeat(300), '\0'])(
  'a host of %j is refused, and nothing is sent',
  async (host) => {
    const { router, heard } = await listening();
    const upstream = { id: InstanceId.parse('i-1'), address: { host, port: 80 } };
    const error = await left(router.point(shop, route({ upstream })));
    expect(error).toMatchObject({ code: 'router/unreachable' });
    expect(heard()).toBe('');
  },
);

test('an id of an instance may be anything: it is sent encoded, on one line', async () => {
  const { router, heard } = await listening();
  const upstream = { id: InstanceId.parse('a b;\nshow info\r\n|'), address: { host: '127.0.0.1', port: 80 } };
  await left(router.point(shop, route({ upstream })));
  expect(heard()).toMatch(/^recourse point shop 1 [\w|.-]+ [\w-]+\n$/);
});
