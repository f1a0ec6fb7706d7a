/** What Docker in particular does to images. */
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { ImageReference } from '@recourse/core';
import { dockerEngine, dockerImages } from '@recourse/docker';
import { left, right } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startDockerEngine } from '../../../scripts/engines/docker.ts';
import { registryUser, startRegistry } from '../../../scripts/engines/registry.ts';
import { around } from './around.ts';
import { buildOrder, built, never, quiet, startOrder, treeOf } from './orders.ts';
import { project } from './projects.ts';
import { savedImage } from './published.ts';

const { socketPath } = await startDockerEngine();
const { docker, load, madeFor, removeContainers, removeImages } = around(socketPath);
const { images, builder, runtime } = dockerEngine({ socketPath });

/** An image that is removed at the end, by whatever labels and under whatever name. */
const planted = async (tag: string, labels: Readonly<Record<string, string>> = {}) => {
  const { digest, archive } = await savedImage(tag, randomUUID(), labels);
  await load(archive);
  onTestFinished(() => removeImages([digest]));
  return { name: tag, digest, pullable: null };
};

const reference = (name: string) => ImageReference.parse(name);

const registry = async (options: Parameters<typeof startRegistry>[0] = {}) => {
  const started = await startRegistry(options);
  onTestFinished(started.stop);
  return started;
};

/** As `docker push` does it. */
const push = async (name: string, tag: string, digest: string, authconfig?: object) => {
  await docker.getImage(digest).tag({ repo: name, tag });
  const said = await text(await docker.getImage(`${name}:${tag}`).push({ tag, ...(authconfig ? { authconfig } : {}) }));
  expect(said).not.toContain('error');
};

test('what was built, pushed and removed here is pulled as the very same image', async () => {
  const { host } = await registry();
  const { image } = await built(builder, project(['CMD ["x"]'], { nonce: randomUUID() }));
  onTestFinished(() => removeImages([image.digest]));
  await push(`${host}/shop`, 'v1', image.digest);
  const pushed = await right(images.resolve(reference(`${host}/shop:v1`), never()));
  expect(pushed.digest).toBe(image.digest);
  expect(pushed.pullable).toMatch(new RegExp(`^${host}/shop@sha256:`));

  await right(images.remove(image.digest));
  expect(await right(images.probe(image))).toBe('absent');
  expect(await right(images.probe(pushed))).toBe('in-registry');
  await right(images.pull(pushed, never()));
  expect(await right(images.probe(image))).toBe('present');
  expect((await docker.getImage(image.digest).inspect()).Id).toBe(image.digest);
});

test('a registry that asks for credentials is given them; without them nothing is said to be absent', async () => {
  const { host } = await registry({ protect: true });
  const image = await planted(`planted:${randomUUID()}`);
  await push(`${host}/shop`, 'v1', image.digest, registryUser);
  const asked: string[] = [];
  const trusted = dockerImages({
    socketPath,
    registryCredentials: async (name) => {
      asked.push(name);
      return registryUser;
    },
  });
  const pushed = await right(images.resolve(reference(`${host}/shop:v1`), never())).catch(() => null);
  expect(pushed).toBeNull();
  const resolved = await right(trusted.resolve(reference(`${host}/shop:v1`), never()));
  expect(resolved.digest).toBe(image.digest);
  await right(trusted.remove(image.digest));

  expect(await left(images.probe(resolved))).toMatchObject({ kind: 'transient', code: 'images/unreachable' });
  expect(await left(images.pull(resolved, never()))).toMatchObject({ kind: 'transient', code: 'images/unreachable' });
  expect(await right(trusted.probe(resolved))).toBe('in-registry');
  await right(trusted.pull(resolved, never()));
  expect(await right(trusted.probe(resolved))).toBe('present');
  expect(new Set(asked)).toEqual(new Set([host]));

  const wrong = { username: 'ada', password: `canary-${randomUUID()}` };
  const untrusted = dockerImages({ socketPath, registryCredentials: async () => wrong });
  await right(trusted.remove(image.digest));
  expect(JSON.stringify(await left(untrusted.pull(resolved, never())))).not.toContain('canary');
});

test('credentials that cannot be had make it fail for now', async () => {
  const { host } = await registry();
  const image = await planted(`planted:${randomUUID()}`);
  await push(`${host}/shop`, 'v1', image.digest);
  const pushed = await right(images.resolve(reference(`${host}/shop:v1`), never()));
  await right(images.remove(image.digest));
  const registryCredentials = () => Promise.reject(new Error('canary'));
  const error = await left(dockerImages({ socketPath, registryCredentials }).probe(pushed));
  expect(error).toMatchObject({ kind: 'transient', code: 'images/unreachable' });
  expect(JSON.stringify(error)).not.toContain('canary');
});

test('a tag that moved does not make the image another one', async () => {
  const tag = `recourse:moving-${randomUUID()}`;
  const first = await planted(tag, { 'recourse.key': 'first' });
  const second = await planted(tag, { 'recourse.key': 'second' });
  expect(await right(images.probe(first))).toBe('present');
  expect(await right(images.resolve(reference(tag), never()))).toEqual(second);
  await right(images.remove(first.digest));
  expect(await right(images.probe(first))).toBe('changed');
  expect(await right(images.probe(second))).toBe('present');
});

test('an image that a container uses is not removed, running or not, and keeps its names', async () => {
  const app = project(['ENTRYPOINT ["/bin/busybox", "sleep", "3600"]'], { nonce: randomUUID() });
  const { image } = await built(builder, app);
  onTestFinished(() => removeImages([image.digest]));
  await docker.getImage(image.digest).tag({ repo: 'second-name', tag: 'v1' });
  const order = startOrder(image, app.inputs);
  onTestFinished(() => removeContainers([`recourse-${order.key}`]));
  await right(runtime.start(order, never()));
  for (const stop of [false, true]) {
    if (stop) await docker.getContainer(`recourse-${order.key}`).stop({ t: 0 });
    const error = await left(images.remove(image.digest));
    expect(error).toMatchObject({ kind: 'permanent', code: 'images/in-use' });
    const { RepoTags } = await docker.getImage(image.digest).inspect();
    expect(RepoTags.toSorted()).toEqual([image.name, 'second-name:v1']);
  }
  await right(runtime.stop(order.key, { graceMs: 0 }));
  await right(images.remove(image.digest));
  expect(await right(images.probe(image))).toBe('absent');
});

test('an image from elsewhere that bears our labels is neither ours nor what a key means', async () => {
  const { host } = await registry();
  const victim = buildOrder(project([]).inputs);
  const labels = { 'recourse.key': victim.key, 'recourse.commit': victim.commit };
  const evil = await planted(`planted:${randomUUID()}`, labels);
  await push(`${host}/evil`, 'v1', evil.digest);
  await right(images.remove(evil.digest));
  await right(images.resolve(reference(`${host}/evil:v1`), never()));

  expect((await right(images.list())).map(({ digest }) => digest)).not.toContain(evil.digest);
  const genuine = project([], { nonce: randomUUID() });
  const { image } = await right(builder.build(victim, treeOf(genuine), quiet()));
  onTestFinished(async () => removeImages(await madeFor(victim.key)));
  expect(image.digest).not.toBe(evil.digest);
});

test.each([
  '../containers/json',
  'x/../../containers/json?all=1&x=',
  'shop?x',
  'shop%00',
  ' ',
  `sha256:${'a'.repeat(64)}`,
  'a'.repeat(64),
  'x'.repeat(300),
])('the name %j asks the engine for nothing else', async (name) => {
  const image = await planted(`planted:${randomUUID()}`);
  await right(images.remove(image.digest));
  expect(await right(images.probe({ ...image, name }))).toBe('absent');
  const pullable = name as ImageReference;
  expect(await left(images.pull({ ...image, pullable }, never()))).toMatchObject({
    code: expect.stringMatching('images/'),
  });
});
