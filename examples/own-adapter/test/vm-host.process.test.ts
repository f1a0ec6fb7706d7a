/** The twin answers as the host does: what is shown in the simulated world would be worth nothing otherwise. */
import type { SimulatedInstance, SimulatedWorld } from '@recourse/testing/simulation';
import { describe, expect, onTestFinished, test } from 'vitest';
import { httpVmHost } from '../http-vm-host.ts';
import { simulatedVmHost } from '../simulated-vm-host.ts';
import { openToyVmHost } from '../toy-vm-host.ts';
import type { NewVm, VmHost } from '../vm-host.ts';
import { serveVmHost } from '../vm-host-server.ts';
import { labels } from '../vm-runtime.ts';

type UnderTest = Readonly<{ host: VmHost; image: string; letDie: (name: string) => Promise<void> }>;

const real = async (): Promise<UnderTest> => {
  const toy = await openToyVmHost();
  const server = await serveVmHost(toy.host);
  onTestFinished(async () => {
    server.close();
    await toy.close();
  });
  const host = httpVmHost({ url: server.url });
  const letDie = async (name: string) => {
    toy.kill(name);
    await expect.poll(async () => (await host.find(name))?.state).toBe('exited');
  };
  return { host, image: await toy.addImage('setInterval(() => undefined, 1000);'), letDie };
};

const twin = async (): Promise<UnderTest> => {
  const image = `sha256:${'a'.repeat(64)}`;
  const running = new Set<string>();
  const lifeOf = (key: string): SimulatedInstance => ({
    runs: () => void running.add(key),
    isRunning: () => running.has(key),
    stopping: () => undefined,
    gone: () => void running.delete(key),
  });
  const world: SimulatedWorld = {
    now: () => 0,
    pause: async () => undefined,
    pick: () => 0,
    hasImage: (digest) => digest === image,
    instance: ({ key }) => lifeOf(key),
  };
  return { host: simulatedVmHost(world), image, letDie: async (name) => void running.delete(`key-of-${name}`) };
};

const wanted = (name: string, image: string): NewVm => ({
  name,
  image,
  labels: { [labels.key]: `key-of-${name}` },
  variables: {},
});
const never = new AbortController().signal;

describe.each([
  { kind: 'the host', open: real },
  { kind: 'its twin', open: twin },
])('$kind', ({ open }) => {
  test('answers when a VM runs, and tells of it what it was given', async () => {
    const { host, image } = await open();
    const vm = await host.create(wanted('a', image), never);
    expect(vm).toMatchObject({ name: 'a', image, labels: { [labels.key]: 'key-of-a' }, state: 'running' });
    expect(await host.find('a')).toEqual(vm);
    expect(await host.list()).toEqual([vm]);
  });

  test('gives a name once, until its VM is destroyed, and an id only once', async () => {
    const { host, image } = await open();
    const both = await Promise.allSettled([1, 2].map(() => host.create(wanted('a', image), never)));
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(host.create(wanted('a', image), never)).rejects.toMatchObject({ reason: 'name-taken' });
    const [first] = await host.list();
    if (first === undefined) throw new Error('it is not listed');
    await Promise.all([host.destroy(first, 1_000), host.destroy(first, 1_000)]);
    expect((await host.create(wanted('a', image), never)).id).not.toBe(first.id);
  });

  test('refuses an image that it does not have, and makes nothing', async () => {
    const { host } = await open();
    const strange = `sha256:${'b'.repeat(64)}`;
    await expect(host.create(wanted('a', strange), never)).rejects.toMatchObject({ reason: 'no-image' });
    expect(await host.list()).toEqual([]);
  });

  test('takes names of 40 characters, and no more', async () => {
    const { host, image } = await open();
    await expect(host.create(wanted('a'.repeat(41), image), never)).rejects.toThrow();
    expect(await host.create(wanted('a'.repeat(40), image), never)).toMatchObject({ state: 'running' });
  });

  test('keeps one that has exited, and boots it again as the same', async () => {
    const { host, image, letDie } = await open();
    const vm = await host.create(wanted('a', image), never);
    await letDie('a');
    expect(await host.find('a')).toMatchObject({ id: vm.id, state: 'exited' });
    expect(await host.boot(vm)).toMatchObject({ id: vm.id, state: 'running' });
    expect(await host.boot(vm)).toMatchObject({ id: vm.id, state: 'running' });
  });

  test('has nothing to destroy where nothing is, and nothing to boot', async () => {
    const { host, image } = await open();
    const vm = await host.create(wanted('a', image), never);
    await host.destroy(vm, 1_000);
    await host.destroy(vm, 1_000);
    expect(await host.find('a')).toBeNull();
    await expect(host.boot(vm)).rejects.toMatchObject({ reason: 'not-found' });
    expect(await host.log(vm, 10)).toEqual([]);
  });
});
