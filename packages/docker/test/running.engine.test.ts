/** What Docker in particular does to instances. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Image, type StartOrder, TreePath } from '@recourse/core';
import { type DockerRuntimeOptions, dockerEngine, dockerRuntime } from '@recourse/docker';
import { eventually, left, type Project, right } from '@recourse/testing';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { startDockerEngine, startPrivateDockerEngine } from '../../../scripts/engines/docker.ts';
import { pick } from '../src/reach.ts';
import { hostsOf } from '../src/subnet.ts';
import { around } from './around.ts';
import { built, never, runSpec, startOrder } from './orders.ts';
import { dockerProjects, project, script, tarOf } from './projects.ts';

const { socketPath } = await startDockerEngine();
const { docker, containersNamed, removeContainers, removeImages } = around(socketPath);
const { builder, runtime, images } = dockerEngine({ socketPath });
afterAll(async () => removeImages((await Promise.all(made.values())).map(({ digest }) => digest)));

const made = new Map<Project, Promise<Image>>();

/** Each project is built once. */
const image = (from: Project): Promise<Image> => {
  const known = made.get(from) ?? built(builder, from).then(({ image: fresh }) => fresh);
  made.set(from, known);
  return known;
};

/** An order whose container is removed at the end. */
const order = async (from: Project, more: Parameters<typeof startOrder>[2] = {}): Promise<StartOrder> => {
  const ordered = startOrder(await image(from), from.inputs, more);
  onTestFinished(() => removeContainers([nameOf(ordered)]));
  return ordered;
};

const nameOf = ({ key }: StartOrder) => `recourse-${key}`;
const start = (ordered: StartOrder, options: DockerRuntimeOptions = {}) =>
  right(dockerRuntime({ socketPath, ...options }).start(ordered, never()));
const run = (text: string) => project([`ENTRYPOINT ${script('run.sh')}`], { 'run.sh': text });
const app = dockerProjects(randomUUID()).app('v1');
/** For whoever takes the image away. */
const ownApp = () => dockerProjects(randomUUID()).app('v1');

const printed = (ordered: StartOrder, last: string) =>
  eventually(
    () => right(runtime.logs(ordered.key, { lines: 1000 })),
    (lines) => lines.includes(last),
  );

const status = run('/bin/busybox cat /proc/self/status; echo end; exec /bin/busybox sleep 3600');

describe('an instance', () => {
  test('has no capability, cannot get one, and is filtered', async () => {
    const ordered = await order(status);
    await start(ordered);
    const lines = (await printed(ordered, 'end')).map((line) => line.replace(/\s+/g, ' '));
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(lines).toContain(`Cap${set}: 0000000000000000`);
    expect(lines).toContain('NoNewPrivs: 1');
    expect(lines).toContain('Seccomp: 2');
  });

  test('is given back the capabilities that are asked for, and those only', async () => {
    const ordered = await order(status);
    await start(ordered, { capabilities: ['CHOWN', 'SETGID'] });
    const lines = (await printed(ordered, 'end')).map((line) => line.replace(/\s+/g, ' '));
    expect(lines).toContain('CapBnd: 0000000000000041');
  });

  test('cannot have more processes, or more memory, than its limits', async () => {
    const forks = run(`
      (for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do /bin/busybox sleep 3600 & echo forked; done)
      echo end; exec /bin/busybox sleep 3600`);
    const ordered = await order(forks, { run: runSpec({ pidsMax: 10, memoryBytes: 32 << 20, cpus: 0.5 }) });
    await start(ordered);
    const lines = await printed(ordered, 'end');
    expect(lines.filter((line) => line === 'forked').length).toBeLessThan(10);
    expect(lines.join('\n')).toContain("can't fork");
    const { HostConfig } = await docker.getContainer(nameOf(ordered)).inspect();
    expect(HostConfig).toMatchObject({ Memory: 32 << 20, MemorySwap: 32 << 20, NanoCpus: 500_000_000 });
  });

  test('sees nothing of the host', async () => {
    const ordered = await order(status);
    await start(ordered);
    const { HostConfig, Mounts } = await docker.getContainer(nameOf(ordered)).inspect();
    expect(Mounts).toEqual([]);
    expect(HostConfig).toMatchObject({ Binds: null, Privileged: false, PidMode: '', UTSMode: '', UsernsMode: '' });
    expect(HostConfig.NetworkMode).toBe('recourse');
    expect(HostConfig.IpcMode).toBe('private');
  });

  test('is left nothing of, its volumes neither', async () => {
    const ordered = await order(
      project(['VOLUME /data', `ENTRYPOINT ${script('run.sh')}`], { 'run.sh': 'sleep 3600' }),
    );
    await start(ordered);
    const [volume] = (await docker.getContainer(nameOf(ordered)).inspect()).Mounts;
    expect(volume?.Type).toBe('volume');
    await right(runtime.stop(ordered.key, { graceMs: 0 }));
    const { Volumes } = await docker.listVolumes();
    expect(Volumes.map(({ Name }) => Name)).not.toContain(volume?.Name);
  });
});

describe('starting', () => {
  test('a command that is not there fails, says so, and leaves nothing', async () => {
    const secret = `canary-${randomUUID()}`;
    for (const command of ['["/not/there"]', '["/app"]', '["/app/run.sh"]']) {
      const ordered = await order(project([`ENTRYPOINT ${command}`], { 'run.sh': 'no program' }), {
        variables: { SECRET: secret, COMMAND: '/not/there' },
      });
      const error = await left(runtime.start(ordered, never()));
      expect(error).toMatchObject({ kind: 'permanent', code: 'runtime/start-failed' });
      expect(error.message).toMatch(/exec .* failed/);
      expect(error.message).not.toContain('/not/there');
      expect(JSON.stringify(error)).not.toContain(secret);
      expect(await containersNamed([nameOf(ordered)])).toEqual([]);
    }
  });

  test('an image without a command fails, says so, and leaves nothing', async () => {
    const ordered = await order(project([]));
    const error = await left(runtime.start(ordered, never()));
    expect(error).toMatchObject({ kind: 'permanent', code: 'runtime/start-failed' });
    expect(error.message).toMatch(/no command/i);
    expect(await containersNamed([nameOf(ordered)])).toEqual([]);
  });

  test('an image that is removed after it was found says image-gone', async () => {
    const ordered = await order(ownApp());
    expect(await right(images.probe(ordered.image))).toBe('present');
    await removeImages([ordered.image.digest]);
    const error = await left(runtime.start(ordered, never()));
    expect(error).toMatchObject({ kind: 'permanent', code: 'runtime/image-gone' });
  });

  test('a port that somebody else listens on is not taken', async () => {
    const ordered = await order(app);
    const ports = { from: 19_000, to: 19_099 };
    const wanted = ports.from + (pick(100, ordered.key, () => false) ?? 0);
    const other = createServer().listen(wanted, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { address } = await start(ordered, { reach: { by: 'port', ports } });
    expect(address.port).not.toBe(wanted);
    expect(await containersNamed([nameOf(ordered)])).toHaveLength(1);
    await eventually(
      () =>
        fetch(`http://${address.host}:${address.port}/`).then(
          ({ ok }) => ok,
          () => false,
        ),
      Boolean,
    );
  });

  test('a port stays with an instance that is down', async () => {
    const [one, two] = [await order(app), await order(app)];
    const only = { reach: { by: 'port', ports: { from: 19_100, to: 19_100 } } } as const;
    await start(one, only);
    await docker.getContainer(nameOf(one)).stop({ t: 0 });
    const error = await left(dockerRuntime({ socketPath, ...only }).start(two, never()));
    expect(error).toMatchObject({ kind: 'permanent', code: 'runtime/start-failed' });
    expect(error.message).toContain('every address for instances is taken');
  });

  test('what a worker made and did not start is started', async () => {
    const tree = () => tarOf({ 'dist/index.html': 'hello' });
    const inputs = { preset: 'static', directory: TreePath.parse('dist'), runnable: false } as const;
    const ordered = await order({ inputs, tree });
    await start(ordered);
    const { Config, HostConfig, NetworkSettings } = await docker.getContainer(nameOf(ordered)).inspect();
    const { recourse } = NetworkSettings.Networks;
    await removeContainers([nameOf(ordered)]);
    const { Image, Labels, Entrypoint, Cmd, ExposedPorts, User } = Config;
    await docker.createContainer({
      name: nameOf(ordered),
      Image,
      Labels,
      ...{ Entrypoint, Cmd },
      ExposedPorts,
      User,
      HostConfig,
      NetworkingConfig: { EndpointsConfig: { recourse: { IPAMConfig: recourse?.IPAMConfig } } },
    });
    expect(await right(runtime.inspect(ordered.key))).toEqual({ state: 'exited', exitCode: null });

    const { address } = await start(ordered);
    const answer = () =>
      fetch(`http://${address.host}:${address.port}/`).then(
        (response) => response.text(),
        () => null,
      );
    expect(await eventually(answer, (text) => text !== null)).toBe('hello');
  });
});

test('files that cannot run by themselves are served by the runtime, on the port of the RunSpec', async () => {
  const tree = () => tarOf({ 'dist/index.html': 'hello', 'dist/a/b.css': 'b {}' });
  for (const runnable of [false, true]) {
    const inputs = { preset: 'static', directory: TreePath.parse('dist'), runnable } as const;
    const ordered = await order({ inputs, tree }, { run: runSpec({ port: 80 }) });
    const { address } = await start(ordered);
    const answer = (path: string) => () =>
      fetch(`http://${address.host}:${address.port}${path}`).then(
        (response) => response.text(),
        () => null,
      );
    expect(await eventually(answer('/'), (text) => text !== null)).toBe('hello');
    expect(await answer('/a/b.css')()).toBe('b {}');
    // By itself, as anybody would run it.
    const alone = docker.createContainer({ name: `recourse-alone-${ordered.key}`, Image: ordered.image.digest });
    onTestFinished(() => removeContainers([`recourse-alone-${ordered.key}`]));
    if (runnable) await (await alone).start();
    else await expect(alone).rejects.toThrow('No command specified');
  }
});

test('an address that somebody else has is not taken', async () => {
  const [first, second] = [await order(app), await order(app)];
  const { address } = await start(first);
  const { address: other } = await start(second);
  expect(other.host).not.toBe(address.host);
  // One that no label tells of: the engine itself says no, and another one is found.
  const third = await order(app);
  const stranger = await docker.createContainer({
    name: `stranger-of-${nameOf(third)}`,
    Image: third.image.digest,
    Env: ['PORT=8080'],
    NetworkingConfig: {
      EndpointsConfig: { recourse: { IPAMConfig: { IPv4Address: await firstChoice(third.key) } } },
    },
    HostConfig: { NetworkMode: 'recourse' },
  });
  onTestFinished(() => removeContainers([`stranger-of-${nameOf(third)}`]));
  await stranger.start();
  const { address: free } = await start(third);
  expect(free.host).not.toBe(await firstChoice(third.key));
  expect(await containersNamed([nameOf(third)])).toHaveLength(1);
});

const firstChoice = async (key: string): Promise<string> => {
  const { IPAM } = await docker.getNetwork('recourse').inspect();
  const { count, at } = hostsOf(IPAM?.Config?.[0]?.Subnet ?? '');
  return at(pick(count, key, () => false) ?? 0);
};

test('an app that crashes is started again, at the same address', async () => {
  const ordered = await order(app);
  const instance = await start(ordered);
  const alive = () =>
    fetch(`http://${instance.address.host}:${instance.address.port}/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually(alive, Boolean);
  const exec = await docker.getContainer(nameOf(ordered)).exec({ Cmd: ['/bin/busybox', 'kill', '-9', '-1'] });
  await exec.start({ Detach: true });
  await eventually(
    () => right(runtime.inspect(ordered.key)),
    ({ state }) => state === 'exited',
  );
  expect(await right(runtime.inspect(ordered.key))).toEqual({ state: 'exited', exitCode: 137 });
  await eventually(alive, Boolean);
  // Between crashes until it has proven itself, with the code of the last one.
  expect(await right(runtime.inspect(ordered.key))).toEqual({ state: 'exited', exitCode: 137 });
  expect(await start(ordered)).toEqual(instance);
});

test.each([false, true])(
  'instances serve on while their engine is away, and are its own when it is back (live restore: %s)',
  async (liveRestore) => {
    const engine = await startPrivateDockerEngine({ liveRestore });
    onTestFinished(engine.stop);
    const own = dockerEngine({ socketPath: engine.socketPath });
    const project = ownApp();
    const ordered = startOrder((await built(own.builder, project)).image, project.inputs);
    const instance = await right(own.runtime.start(ordered, never()));
    const answers = () =>
      fetch(`http://${instance.address.host}:${instance.address.port}/`).then(
        ({ ok }) => ok,
        () => false,
      );
    await eventually(answers, Boolean);
    await engine.kill();
    expect(await left(own.runtime.inspect(ordered.key))).toMatchObject({ code: 'runtime/unreachable' });
    expect(await answers()).toBe(true);
    await engine.start();

    await eventually(
      () => right(own.runtime.inspect(ordered.key)),
      ({ state }) => state === 'running',
    );
    expect(await right(own.runtime.start(ordered, never()))).toEqual(instance);
    await eventually(answers, Boolean);
    await right(own.runtime.stop(ordered.key, { graceMs: 0 }));
    expect(await right(own.runtime.list())).toEqual([]);
  },
);
