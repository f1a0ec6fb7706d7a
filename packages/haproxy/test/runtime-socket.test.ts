/** A peer that breaks off, says nothing or says too much: what HAProxy would do only when something is badly wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentId, Fence, InstanceId } from '@recourse/core';
import { haproxyRouter } from '@recourse/haproxy';
import { left, right } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';

const shop = EnvironmentId.parse('shop');
const web = InstanceId.parse('web');

const routerTo = async (peer: (socket: Socket) => void, timeoutMs = 5_000) => {
  const folder = await mkdtemp(join(tmpdir(), 'rs-'));
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => peer(socket));
  });
  const socketPath = join(folder, 's');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });
  return haproxyRouter({ socketPath, timeoutMs });
};

const unreachable = { kind: 'transient', code: 'router/unreachable' };

test.each(['', 'o', 'ok', 'ok\n', 'route 1|bnVs', '# table: recourse_open, type: string\n0x1: key=a use=0 conn_cur=0'])(
  'an answer that was cut after %j is no answer',
  async (said) => {
    const router = await routerTo((socket) => socket.end(said));
    expect(await left(router.point(shop, { upstream: null, fence: Fence.parse(1) }))).toMatchObject(unreachable);
    expect(await left(router.where(shop))).toMatchObject(unreachable);
    expect(await left(router.openRequests(shop, web))).toMatchObject(unreachable);
  },
);

test('a whole one is, in however many pieces', async () => {
  const router = await routerTo((socket) => {
    socket.write('no');
    setTimeout(() => socket.end('ne\n\n'), 20);
  });
  expect(await right(router.where(shop))).toBeNull();
});

test('silence is bounded', async () => {
  const router = await routerTo(() => undefined, 100);
  const error = await left(router.where(shop));
  expect(error).toMatchObject(unreachable);
  expect(error.message).toContain('no answer within 100 ms');
});

test('many who ask at once wait for each other, and no longer than for an answer', async () => {
  let inside = 0;
  let most = 0;
  const router = await routerTo((socket) => {
    inside += 1;
    most = Math.max(most, inside);
    setTimeout(() => {
      inside -= 1;
      socket.end('none\n\n');
    }, 5);
  });
  await Promise.all(Array.from({ length: 50 }, () => right(router.where(shop))));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);

  const silent = await routerTo(() => undefined, 200);
  const errors = await Promise.all(Array.from({ length: 20 }, () => left(silent.where(shop))));
  expect(new Set(errors.map(({ message }) => message.includes('no answer within 200 ms')))).toEqual(new Set([true]));
});

test('so is an answer', async () => {
  const router = await routerTo((socket) => socket.end(`${'x'.repeat(1_000_000)}\n\n`));
  expect((await left(router.where(shop))).message).toContain('more than 65536 bytes');
});

test('an answer that nobody understands is a wrong configuration, and quotes one short line of it', async () => {
  const router = await routerTo((socket) => socket.end(`Unknown command\n  ${'help '.repeat(500)}\n\n`));
  const error = await left(router.where(shop));
  expect(error).toMatchObject({ kind: 'permanent', code: 'router/misconfigured' });
  expect(error.message).toContain('answered "Unknown command"');
});

test('a socket that is not there says what to do', async () => {
  const error = await left(haproxyRouter({ socketPath: '/nonexistent/h.sock' }).where(shop));
  expect(error).toMatchObject(unreachable);
  expect(error.message).toContain('/nonexistent/h.sock. There is no such file: check that HAProxy runs');
});

/** Longer than a label of a name may be, so no name server is asked. */
const nobody = 'a'.repeat(64);

test('a name that does not resolve moves nothing', async () => {
  const asked: string[] = [];
  const router = await routerTo((socket) => void asked.push(socket.remoteAddress ?? ''));
  const upstream = { id: web, address: { host: nobody, port: 80 } };
  const error = await left(router.point(shop, { upstream, fence: Fence.parse(1) }));
  expect(error).toMatchObject(unreachable);
  expect(error.message).toContain(nobody);
  expect(asked).toEqual([]);
});
