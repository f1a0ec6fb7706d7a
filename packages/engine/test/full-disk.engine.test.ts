/** The disk of the store is full, in the middle of a deployment: what was begun is finished when there is room. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore, PortError } from '@recourse/core';
import { createRecourse, Fault, orFault, type RecourseOptions } from '@recourse/engine';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { eventually, startTraffic } from '@recourse/testing';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { expect, onTestFinished, test } from 'vitest';
import { makeSmallDisk } from '../../../scripts/engines/small-disk.ts';
import { appRepository, localPorts } from './support/local-platform.ts';
import { accepted, shop } from './support/orders.ts';

const openPlatform = async () => {
  const disk = await makeSmallDisk({ kilobytes: 1024 });
  onTestFinished(() => disk.remove());
  const folder = await mkdtemp(join(tmpdir(), 'recourse-full-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { ports, close } = await localPorts(folder, { kind: 'sqlite', file: join(disk.folder, 'recourse.db') });
  onTestFinished(close);
  const proxy = inProcessProxy({ environmentOf: onlyEnvironment(shop) });
  onTestFinished(() => proxy.close({ graceMs: 500 }));
  const { host, port } = await proxy.listen({ port: 0 });
  onTestFinished(async () => {
    for (const { key } of await orFault(ports.runtime.list())) await ports.runtime.stop(key, { graceMs: 500 })();
  });
  const options: RecourseOptions = { ...ports, router: proxy.router, sweepEveryMs: 500 };
  const url = new URL(`http://${host}:${port}/`);
  return { disk, options, url, commit: appRepository(join(folder, 'app')) };
};

/** What is free inside of the file would let one small event after another go on: that is used up as well. */
const useUp = async ({ store, ids, clock }: RecourseOptions): Promise<void> => {
  const metadata = () => ({ recordedAt: clock.now(), actor: 'ada', correlationId: 'c', causationId: 'c' });
  const event = () => ({ id: ids.next(), type: 'Note', schemaVersion: 1, data: null, metadata: metadata() });
  for (let left = 5_000; left > 0; left--) {
    const appended = await store.append({ stream: 'note-1', expected: 'any', events: [event()] })();
    if (appended._tag === 'Left') return;
  }
  throw new Error('the disk was never full');
};

/** A store that counts what it could not write. */
const counting = (store: EventStore) => {
  const errors: PortError[] = [];
  const append: EventStore['append'] = (order) => async () => {
    const appended = await store.append(order)();
    if (appended._tag === 'Left' && appended.left.code === 'store/unavailable') errors.push(appended.left);
    return appended;
  };
  return { errors, store: { ...store, append } };
};

/** Lets the effect happen, and the disk be full by the time that its outcome is to be written down. */
const before =
  <Args extends readonly unknown[], A>(
    happens: () => Promise<void>,
    effect: (...args: Args) => TaskEither<PortError, A>,
  ) =>
  (...args: Args): TaskEither<PortError, A> =>
  async () => {
    await happens();
    return effect(...args)();
  };

/** As many as one append is tried: then the worker lets go of the deployment. */
const APPENDS_GIVEN_UP = 6;

test.each(['build', 'start', 'switch'] as const)(
  'at the %s: the old release serves meanwhile, and the new one goes live when there is room',
  async (step) => {
    const { disk, options, url, commit } = await openPlatform();
    const { errors, store } = counting(options.store);
    let filled = false;
    const fill = async () => {
      if (filled) return;
      filled = true;
      await disk.fill();
      await useUp(options);
    };
    const { builder, runtime, router } = options;
    const ports: Record<typeof step, Partial<RecourseOptions>> = {
      build: { builder: { build: before(fill, builder.build) } },
      start: { runtime: { ...runtime, start: before(fill, runtime.start) } },
      switch: { router: { ...router, point: before(fill, router.point) } },
    };

    const calm = createRecourse(options);
    const first = calm.work();
    const { deployment: v1 } = accepted(await calm.deploy(commit('v1')));
    expect(accepted(await calm.settled(v1))).toBe('live');
    await first.stop();

    const traffic = startTraffic({ url, clients: 2, pauseMs: 5 });
    const recourse = createRecourse({ ...options, ...ports[step], store });
    const worker = recourse.work();
    onTestFinished(() => worker.stop());
    const { deployment: v2 } = accepted(await recourse.deploy(commit('v2')));
    await eventually(
      async () => errors.length,
      (count) => count >= APPENDS_GIVEN_UP,
    );
    await expect(recourse.deploy(commit('v3'))).rejects.toBeInstanceOf(Fault);
    expect(Object.keys(traffic.soFar().byBody)).toContain('v1');

    await disk.free();
    expect(accepted(await recourse.settled(v2))).toBe('live');
    traffic.expect('v2');
    // What was refused was refused: v3 was never asked for.
    await eventually(
      async () => {
        const { entries } = accepted(await recourse.history({ environment: shop }));
        const instances = await orFault(runtime.list());
        return [...entries, ...instances].map((one) => ('status' in one ? `${one.deployment} ${one.status}` : one.key));
      },
      (found) => found.length === 3 && found[0] === `${v2} live` && found[1] === `${v1} retired`,
    );
    const { failed, stale, problems } = await traffic.stop();
    expect({ failed, stale, problems }).toEqual({ failed: 0, stale: 0, problems: [] });
  },
);
