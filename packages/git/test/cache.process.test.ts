/** The cache is shared, and whoever uses it may be killed. What it gives is right, or it is an error. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CommitId, type RepositoryUrl } from '@recourse/core';
import { gitSources } from '@recourse/git';
import { left } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { processesWith } from './held.ts';
import { serveHttp } from './http-remote.ts';
import { entriesOf, filesUnder, opened, tarOf } from './opened.ts';
import type { Origin } from './origin.ts';
import { runGit } from './origin.ts';

vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;

const versionsOf = async (origin: Origin, count: number) => {
  const commits: CommitId[] = [];
  for (let n = 0; n < count; n += 1)
    commits.push(await origin.commit('main', { version: String(n), same: 'x'.repeat(999) }));
  return commits;
};

/** The bare repository that is in use. */
const repositoryIn = async (cacheDirectory: string) => {
  const [folder = ''] = await readdir(cacheDirectory);
  const found = (await readdir(join(cacheDirectory, folder))).filter((name) => name.startsWith('repo-'));
  return join(cacheDirectory, folder, found.toSorted().at(-1) ?? '');
};

const startReader = (cacheDirectory: string, url: RepositoryUrl, commits: readonly CommitId[]) => {
  const script = fileURLToPath(new URL('reader.ts', import.meta.url));
  const argv = ['--conditions=@recourse/source', '--no-warnings', script, cacheDirectory, url, ...commits];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
};

describe('eight trees at once from each of two processes, from cold', () => {
  test.each([2, 0] as const)('over protocol %d: all right, one cache, nothing left over', async (protocol) => {
    const { origin, cacheDirectory } = await opened();
    const commits = await versionsOf(origin, 8);
    const { url } = await serveHttp(origin, { protocol });
    const readers = [startReader(cacheDirectory, url, commits), startReader(cacheDirectory, url, commits.toReversed())];
    const [forwards, backwards] = await Promise.all(readers.map(async ({ stdout }) => JSON.parse(await text(stdout))));

    const expected = await Promise.all(
      commits.map(async (commit) => {
        const tar = await runGit(origin.directory, ['-c', 'tar.umask=0022', 'archive', commit]);
        return createHash('sha256').update(tar).digest('hex');
      }),
    );
    expect(forwards).toEqual(expected);
    expect(backwards.toReversed()).toEqual(expected);

    const repository = await repositoryIn(cacheDirectory);
    expect(await readdir(dirname(repository))).toEqual(['lock', basename(repository)]);
    expect((await filesUnder(repository)).filter((path) => /\.lock$|tmp_/.test(path))).toEqual([]);
    await runGit(repository, ['fsck', '--strict']);
  });
});

test('a commit is asked of the remote once, however many want it', async () => {
  const { origin, cacheDirectory } = await opened();
  const [commit = CommitId.parse('')] = await versionsOf(origin, 1);
  const { url, requests } = await serveHttp(origin);
  const many = Array.from({ length: 6 }, () => gitSources({ cacheDirectory, allowedTransports: ['http'] }));
  await Promise.all(many.map((sources) => tarOf(sources, url, commit)));
  expect(requests.filter((request) => request.startsWith('GET '))).toHaveLength(1);
});

test('a commit that the cache has is had without the remote: dropped there, collected here, or unreachable', async () => {
  const { origin, sources, cacheDirectory } = await opened();
  const remote = await serveHttp(origin);
  const commit = await origin.commit('main', { version: 'old' });
  const before = await tarOf(sources, remote.url, commit);
  await origin.forcePush('main', { version: 'new' });
  await runGit(await repositoryIn(cacheDirectory), ['gc', '--quiet', '--prune=now']);
  await remote.close();
  expect(await tarOf(sources, remote.url, commit)).toEqual(before);
});

test('two repositories do not share: a commit of one is not given for the other', async () => {
  const { origin, sources } = await opened();
  const commit = await origin.commit('main', { a: '1' });
  const { url, at } = await serveHttp(origin);
  await tarOf(sources, url, commit);
  expect(await left(sources.tree(at('/other.git'), commit, signal))).toMatchObject({
    code: 'sources/repository-not-found',
  });
});

describe('killed in the middle of a fetch', () => {
  test.each(['and its git with it', 'and its git goes on'])('with SIGKILL, %s: the next one works', async (how) => {
    const { folder, origin, sources, cacheDirectory } = await opened();
    const [first, second] = await versionsOf(origin, 2);
    const large = await origin.commit('large', { large: noise });
    const remote = await serveHttp(origin);
    await tarOf(sources, remote.url, first as CommitId);
    const before = await repositoryIn(cacheDirectory);

    remote.stallAfter(200_000);
    const reader = startReader(cacheDirectory, remote.url, [large]);
    await expect.poll(() => receivedIn(before), { timeout: 30_000 }).toBeGreaterThan(0);
    reader.kill('SIGKILL');
    await once(reader, 'exit');
    const orphans = await processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`);
    expect(orphans.length).toBeGreaterThan(0);
    if (how.endsWith('with it')) for (const pid of orphans) process.kill(pid, 'SIGKILL');

    // Another commit, and the very one that was being fetched.
    expect((await entriesOf(sources, remote.url, second as CommitId)).get('version')).toMatchObject({ content: '1' });
    expect((await entriesOf(sources, remote.url, large)).get('large')).toMatchObject({ content: noise });
    expect(await repositoryIn(cacheDirectory)).not.toBe(before);

    await remote.close();
    await expect.poll(() => processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`), { timeout: 30_000 }).toEqual([]);
    await runGit(await repositoryIn(cacheDirectory), ['fsck', '--strict']);
  });

  test('by a cancel: the cache stays, without what was received so far', async () => {
    const { folder, origin, sources, cacheDirectory } = await opened();
    const [first] = await versionsOf(origin, 1);
    const large = await origin.commit('large', { large: noise });
    const remote = await serveHttp(origin);
    await tarOf(sources, remote.url, first as CommitId);
    const before = await repositoryIn(cacheDirectory);

    remote.stallAfter(200_000);
    const cancel = new AbortController();
    const fetching = left(sources.tree(remote.url, large, cancel.signal));
    await expect.poll(() => receivedIn(before), { timeout: 30_000 }).toBeGreaterThan(0);
    cancel.abort();
    expect(await fetching).toMatchObject({ kind: 'transient', code: 'sources/cancelled' });
    expect(await processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`)).toEqual([]);
    expect((await filesUnder(before)).filter((path) => /\.lock$|tmp_/.test(path))).toEqual([]);

    expect((await entriesOf(sources, remote.url, large)).get('large')).toMatchObject({ content: noise });
    expect(await repositoryIn(cacheDirectory)).toBe(before);
  });
});

describe('a damaged cache is given up and made anew', () => {
  const damage: readonly (readonly [string, (repository: string) => Promise<void>])[] = [
    ['a lock that nobody holds', (repository) => writeFile(join(repository, 'shallow.lock'), '')],
    ['no HEAD', (repository) => rm(join(repository, 'HEAD'))],
    ['a config that is not one', (repository) => writeFile(join(repository, 'config'), '\0\0[')],
    ['a shallow file that is not one', (repository) => writeFile(join(repository, 'shallow'), 'x\n')],
    ['no objects', (repository) => rm(join(repository, 'objects'), { recursive: true })],
    ['a ref that is empty, as after a power cut', (repository) => eachRef(repository, (path) => truncate(path, 0))],
    [
      'an empty folder',
      async (repository) => {
        for (const name of await readdir(repository)) await rm(join(repository, name), { recursive: true });
      },
    ],
  ];

  test.each(damage)('%s', async (_, harm) => {
    const { origin, sources, cacheDirectory } = await opened();
    const [first, second] = await versionsOf(origin, 2);
    await tarOf(sources, origin.url, first as CommitId);
    await harm(await repositoryIn(cacheDirectory));
    expect((await entriesOf(sources, origin.url, second as CommitId)).get('version')).toMatchObject({ content: '1' });
    expect((await entriesOf(sources, origin.url, first as CommitId)).get('version')).toMatchObject({ content: '0' });
    await runGit(await repositoryIn(cacheDirectory), ['fsck', '--strict']);
  });

  test('a pack with wrong bytes: the read fails, the next one is right', async () => {
    const { origin, sources, cacheDirectory } = await opened();
    const commit = await origin.commit('main', { a: 'first', large: noise });
    await tarOf(sources, origin.url, commit);
    const packs = (await filesUnder(await repositoryIn(cacheDirectory))).filter((path) => path.endsWith('.pack'));
    for (const pack of packs) {
      const bytes = await readFile(pack);
      await rm(pack);
      await writeFile(pack, bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 1000));
    }
    await expect(tarOf(sources, origin.url, commit)).rejects.toMatchObject({
      kind: 'transient',
      code: 'sources/unreachable',
    });
    expect((await entriesOf(sources, origin.url, commit)).get('large')).toMatchObject({ content: noise });
  });

  test('a cache that cannot be written is an error that names it', async () => {
    const { folder, origin } = await opened();
    const commit = await origin.commit('main', { a: '1' });
    await writeFile(join(folder, 'file'), '');
    const sources = gitSources({ cacheDirectory: join(folder, 'file', 'cache'), allowedTransports: ['file'] });
    expect(await left(sources.tree(origin.url, commit, signal))).toMatchObject({
      kind: 'transient',
      code: 'sources/unreachable',
      message: expect.stringContaining(join(folder, 'file')),
    });
  });
});

describe('a server that gives commits only by their refs', () => {
  test('an old one is found, however deep, and one that only a tag leads to', async () => {
    const { origin, sources } = await opened();
    const [old] = await versionsOf(origin, 1);
    await origin.history('main', 120);
    const tagged = await origin.commit('side', { version: 'side' });
    await origin.tag('v1', tagged);
    await origin.commit('side', { version: 'later' });
    await origin.git('update-ref', '-d', 'refs/heads/side');
    const { url } = await serveHttp(origin, { protocol: 0 });
    expect((await entriesOf(sources, url, old as CommitId)).get('version')).toMatchObject({ content: '0' });
    expect((await entriesOf(sources, url, tagged)).get('version')).toMatchObject({ content: 'side' });
  });

  test('a branch may take the name of what was a folder of branches, which costs no cache', async () => {
    const { origin, sources, cacheDirectory } = await opened();
    const used = new Set<string>();
    const { url } = await serveHttp(origin, { protocol: 0 });
    for (const branch of ['topic', 'topic/x', 'topic']) {
      const commit = await origin.commit(branch, { branch });
      await origin.commit(branch, { branch: 'later' });
      expect((await entriesOf(sources, url, commit)).get('branch')).toMatchObject({ content: branch });
      await origin.git('update-ref', '-d', `refs/heads/${branch}`);
      used.add(await repositoryIn(cacheDirectory));
    }
    expect(used.size).toBe(1);
  });
});

test('a server that gives every commit it has is asked for one that is gone only once', async () => {
  const { origin, sources } = await opened();
  await origin.commit('main', { a: '1' });
  const { url, requests } = await serveHttp(origin);
  const gone = CommitId.parse('1234567890'.repeat(4));
  expect(await left(sources.tree(url, gone, signal))).toMatchObject({ code: 'sources/commit-gone' });
  expect(requests.filter((request) => request.startsWith('GET '))).toHaveLength(1);
});

test('a folder that a left-behind git made again is not taken for the cache in use', async () => {
  const { origin, sources, cacheDirectory } = await opened();
  const remote = await serveHttp(origin);
  const commit = await origin.commit('main', { a: '1' });
  await tarOf(sources, remote.url, commit);
  const inUse = await repositoryIn(cacheDirectory);
  await mkdir(join(dirname(inUse), 'repo-1000000000000-x', 'objects', 'pack'), { recursive: true });
  await remote.close();
  expect((await entriesOf(sources, remote.url, commit)).get('a')).toMatchObject({ content: '1' });
});

const noise = createHash('shake256', { outputLength: 1_000_000 }).update('noise').digest('hex');

/** How much of a pack has come: by then git holds its locks and has started all that it will. */
const receivedIn = async (repository: string) => {
  const partial = (await filesUnder(repository)).filter((path) => path.includes('/tmp_pack_'));
  const sizes = partial.map((path) =>
    stat(path)
      .then(({ size }) => size)
      .catch(() => 0),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
};

const eachRef = async (repository: string, harm: (path: string) => Promise<void>) => {
  for (const path of await filesUnder(join(repository, 'refs'))) await harm(path);
};
