/** What Docker in particular does to builds. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CommitId, TreePath } from '@recourse/core';
import { dockerBuilder, dockerEngine } from '@recourse/docker';
import { left, type Project, right } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startDockerEngine, startPrivateDockerEngine } from '../../../scripts/engines/docker.ts';
import { around } from './around.ts';
import { buildOrder, commit, quiet, treeOf } from './orders.ts';
import { busybox, project, script, tarOf } from './projects.ts';

const { socketPath } = await startDockerEngine();
const { docker, madeFor, removeImages } = around(socketPath);
const builder = dockerBuilder({ socketPath });

/** The command lines of all processes of this machine. */
const processes = async (): Promise<string> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))).join('\n');
};

const step = `RUN ${script('step.sh')}`;
const run = (commands: string): Project => project([step], { 'step.sh': commands, nonce: randomUUID() });

/** Around the adapter, by Docker's older builder. */
const buildAround = async ({ tree }: Project, options: Readonly<{ t?: string; labels: Record<string, string> }>) => {
  await text(await docker.buildImage(Readable.from(tree()), { ...options, rm: true }));
};

/** An order whose image is removed at the end. */
const order = ({ inputs }: Project, more: Parameters<typeof buildOrder>[1] = {}) => {
  const ordered = buildOrder(inputs, more);
  onTestFinished(async () => removeImages(await madeFor(ordered.key)));
  return ordered;
};

test('a Dockerfile cannot say that it is another commit, deployment or key', async () => {
  const spoof = project([
    `LABEL recourse.commit=${'d'.repeat(40)} recourse.key=other recourse.deployment=other`,
    'LABEL recourse.environment=other recourse.attempt=other own=kept',
  ]);
  const ordered = order(spoof);
  const { image, commit: readBack } = await right(builder.build(ordered, treeOf(spoof), quiet()));
  expect(readBack).toBe(ordered.commit);
  const { Config } = await docker.getImage(image.digest).inspect();
  expect(Config.Labels).toMatchObject({
    'recourse.key': ordered.key,
    'recourse.deployment': ordered.deployment,
    'recourse.environment': ordered.environment,
    'recourse.commit': commit,
    own: 'kept',
  });
  expect(Config.Labels['recourse.attempt']).not.toBe('other');
});

test('the commit is read from the image, so an image that says none gives none', async () => {
  const plain = run('echo hello');
  const ordered = order(plain);
  await buildAround(plain, { t: `recourse:${ordered.key}`, labels: { 'recourse.key': ordered.key } });
  const found = await right(builder.build(ordered, treeOf(plain), quiet()));
  expect(found.commit).toBeNull();
});

test('what is not asked for does not reach the image: .dockerignore is obeyed', async () => {
  const hiding = project([step], { '.dockerignore': 'secret\n', secret: 's', 'step.sh': 'test ! -e /app/secret' });
  await right(builder.build(order(hiding), treeOf(hiding), quiet()));
});

test('a build has no network if it shall have none', async () => {
  const lonely = run('ls -d /sys/class/net/eth0 && exit 1; exit 0');
  await right(dockerBuilder({ socketPath, buildNetwork: 'none' }).build(order(lonely), treeOf(lonely), quiet()));
  expect(await left(builder.build(order(lonely), treeOf(lonely), quiet()))).toMatchObject({ code: 'builder/failed' });
});

test('a flood of output costs neither memory nor messages', async () => {
  const noisy = run(
    "/bin/busybox yes 'all work and no play' | /bin/busybox head -c 50000000; echo the end >&2; exit 1",
  );
  const before = process.memoryUsage.rss();
  let [peak, told] = [before, 0];
  const onProgress = () => {
    told++;
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const error = await left(builder.build(order(noisy), treeOf(noisy), { ...quiet(), onProgress }));
  expect(error.code).toBe('builder/failed');
  expect(error.message.length).toBeLessThan(20_000);
  expect(peak - before).toBeLessThan(200 * 2 ** 20);
  expect(told).toBeLessThan(50_000);
});

test('why a build failed is told with the last lines it printed', async () => {
  const failing = run('echo one; printf "npm ERR! missing script: build" >&2; exit 3');
  const error = await left(builder.build(order(failing), treeOf(failing), quiet()));
  expect(error).toMatchObject({ kind: 'permanent', code: 'builder/failed' });
  expect(error.message).toContain('exit code: 3');
  expect(error.message).toContain('one\nnpm ERR! missing script: build');
});

test.each([
  ['a base image that nobody has', 'FROM 127.0.0.1:1/nobody:latest', 'transient', 'builder/unreachable'],
  ['an instruction that there is not', 'FROM scratch\nNOPE', 'permanent', 'builder/failed'],
  ['a file that there is not', 'FROM scratch\nCOPY nope /', 'permanent', 'builder/failed'],
  ['a file outside the tree', 'FROM scratch\nCOPY ../../etc/passwd /', 'permanent', 'builder/failed'],
  ['nothing', '', 'permanent', 'builder/failed'],
  ['a frontend', '# syntax=127.0.0.1:1/evil\nFROM scratch', 'permanent', 'builder/refused'],
])('a Dockerfile that asks for %s', async (_case, dockerfile, kind, code) => {
  const { inputs } = run('');
  const tree = () => tarOf({ Dockerfile: dockerfile });
  const ordered = order({ inputs, tree });
  expect(await left(builder.build(ordered, treeOf({ inputs, tree }), quiet()))).toMatchObject({ kind, code });
  expect(await madeFor(ordered.key)).toEqual([]);
});

test('a build that is stopped is over in the engine as well, whenever it is stopped', async () => {
  const marker = `endless-${randomUUID()}`;
  const endless = run(`echo waiting; exec /bin/busybox sh -c 'while true; do /bin/busybox sleep 1; done' ${marker}`);
  for (const when of ['upload', 'waiting', 'never'] as const) {
    const abort = new AbortController();
    const ordered = order(endless);
    const onProgress = (progress: { text: string }) => {
      if (when === 'upload' || progress.text.includes(when)) abort.abort();
    };
    if (when === 'never') setTimeout(() => abort.abort(), 300);
    const error = await left(builder.build(ordered, treeOf(endless), { onProgress, signal: abort.signal }));
    expect(error).toMatchObject({ kind: 'transient', code: 'builder/cancelled' });
    expect(await madeFor(ordered.key)).toEqual([]);
    expect(await processes()).not.toContain(marker);
  }
});

test('a build that is stopped when it is just done leaves no image', async () => {
  for (let round = 0; round < 3; round++) {
    const abort = new AbortController();
    const app = run('echo hello');
    const ordered = order(app);
    const onProgress = (progress: { text: string }) => {
      if (progress.text.startsWith('exporting')) abort.abort();
    };
    const error = await left(builder.build(ordered, treeOf(app), { onProgress, signal: abort.signal }));
    expect(error).toMatchObject({ kind: 'transient', code: 'builder/cancelled' });
    expect(await madeFor(ordered.key)).toEqual([]);
  }
});

test('an image that a worker left without its name is found, not built again', async () => {
  const app = run('echo hello');
  const ordered = order(app);
  await buildAround(app, { labels: { 'recourse.key': ordered.key, 'recourse.commit': ordered.commit } });
  const [leftover = ''] = await madeFor(ordered.key);
  await docker.createContainer({ name: `recourse-claim-${ordered.key}`, Image: leftover, Cmd: ['x'] });

  const again = await right(builder.build(ordered, () => Promise.reject(new Error('not needed')), quiet()));
  expect(again.image.digest).toBe(leftover);
  await expect(docker.getContainer(`recourse-claim-${ordered.key}`).inspect()).rejects.toThrow('404');
  expect((await docker.getImage(`recourse:${ordered.key}`).inspect()).Id).toBe(leftover);
});

test('an engine that dies in the middle of a build is unreachable; after it is back the build succeeds', async () => {
  const engine = await startPrivateDockerEngine();
  onTestFinished(engine.stop);
  const { builder: own, images } = dockerEngine({ socketPath: engine.socketPath });
  const slow = run('echo waiting; test -e /app/fast || exec /bin/busybox sleep 3600');
  const ordered = buildOrder(slow.inputs);
  let killed: Promise<void> | undefined;
  const onProgress = (progress: { text: string }) => {
    if (progress.text === 'waiting') killed ??= engine.kill();
  };
  const error = await left(own.build(ordered, treeOf(slow), { ...quiet(), onProgress }));
  expect(error).toMatchObject({ kind: 'transient', code: 'builder/unreachable' });
  await killed;
  expect(await left(own.build(ordered, treeOf(slow), quiet()))).toMatchObject({ code: 'builder/unreachable' });

  await engine.start();
  const fast = project([step], { fast: '', 'step.sh': 'echo hello' });
  const { image } = await right(own.build(ordered, treeOf(fast), quiet()));
  expect(await right(images.list())).toEqual([image]);
});

test('static files with a server run by themselves; without one they are nothing but files', async () => {
  const tree = () => tarOf({ 'dist/index.html': 'hello', secret: 's' });
  for (const runnable of [true, false]) {
    const inputs = { preset: 'static', directory: TreePath.parse('dist'), runnable } as const;
    const built = await right(builder.build(order({ inputs, tree }), treeOf({ inputs, tree }), quiet()));
    expect(built).toMatchObject({ runnable, commit: CommitId.parse(commit) });
    const { Size } = await docker.getImage(built.image.digest).inspect();
    expect(Size > busybox.length).toBe(runnable);
  }
});

test('static files need the server only when the image shall have it', async () => {
  const tree = () => tarOf({ 'dist/index.html': 'hello' });
  const without = dockerBuilder({ socketPath, fileServer: { binary: '/not/there' } });
  const directory = TreePath.parse('dist');
  const files = { preset: 'static', directory, runnable: false } as const;
  const served = { ...files, runnable: true };
  await right(without.build(order({ inputs: files, tree }), treeOf({ inputs: files, tree }), quiet()));
  const error = await left(without.build(order({ inputs: served, tree }), treeOf({ inputs: served, tree }), quiet()));
  expect(error).toMatchObject({ code: 'builder/refused' });
  expect(error.message).toContain('Install busybox-static.');
});
