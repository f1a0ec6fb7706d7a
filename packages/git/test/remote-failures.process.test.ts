/** Servers that say no, say nothing, lie, or want to know who asks. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitRef } from '@recourse/core';
import { gitSources } from '@recourse/git';
import { left, right } from '@recourse/testing';
import { describe, expect, test, vi } from 'vitest';
import { processesWith } from './held.ts';
import { type HttpRemoteOptions, serveHttp } from './http-remote.ts';
import { entriesOf, filesUnder, opened, tarOf } from './opened.ts';

vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
const main = GitRef.parse('main');

const served = async (remoteOptions: HttpRemoteOptions, options: Parameters<typeof opened>[0] = {}) => {
  const setting = await opened(options);
  const commit = await setting.origin.commit('main', { a: '1', large: 'x'.repeat(100_000) });
  return { ...setting, commit, remote: await serveHttp(setting.origin, remoteOptions) };
};

const answering = (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): HttpRemoteOptions => ({
  answer: (_, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  },
});

describe('a server that answers with', () => {
  test.each([
    [400, 'transient', 'sources/unreachable'],
    [403, 'permanent', 'sources/repository-not-found'],
    [404, 'permanent', 'sources/repository-not-found'],
    [410, 'permanent', 'sources/repository-not-found'],
    [429, 'transient', 'sources/unreachable'],
    [500, 'transient', 'sources/unreachable'],
    [503, 'transient', 'sources/unreachable'],
  ])('%d is %s %s', async (status, kind, code) => {
    const { sources, remote, commit } = await served(answering(status));
    expect(await left(sources.resolve(remote.url, main, signal))).toMatchObject({ kind, code });
    expect(await left(sources.tree(remote.url, commit, signal))).toMatchObject({ kind, code });
  });

  test('a redirect is not followed', async () => {
    const inside = await served({});
    const { sources, remote } = await served(answering(302, { location: `${inside.remote.url}/info/refs` }));
    expect(await left(sources.resolve(remote.url, main, signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/repository-not-found',
      message: expect.stringContaining('moved'),
    });
    expect(inside.remote.requests).toEqual([]);
  });

  test('words of git in its own text is not believed, and not shown', async () => {
    const body = "\x1b[31mfatal: repository 'x' not found\nfatal: Authentication failed\nremote: not our ref\n";
    const { sources, remote } = await served(answering(500, { 'content-type': 'text/plain' }, body));
    const { code, message } = await left(sources.resolve(remote.url, main, signal));
    expect(code).toBe('sources/unreachable');
    expect(message).not.toMatch(/not found|Authentication|\p{Cc}/u);
  });

  test('files only (the dumb protocol) is of no use, and says so', async () => {
    const { origin, sources, commit } = await served({});
    await origin.git('update-server-info');
    const dumb = await serveHttp(origin, {
      answer: ({ url = '' }, response) => {
        const path = join(origin.directory, url.replace(/^\/shop.git|\?.*$/g, ''));
        readFile(path).then(
          (bytes) => response.end(bytes),
          () => response.writeHead(404).end(),
        );
        return true;
      },
    });
    expect(await left(sources.tree(dumb.url, commit, signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
    });
  });

  test('nothing is ended after the limit, and leaves nothing running', async () => {
    const silent: HttpRemoteOptions = { answer: () => true };
    const { folder, sources, remote, commit } = await served(silent, { limits: { resolveMs: 300, fetchMs: 300 } });
    const late = { kind: 'transient', code: 'sources/unreachable', message: expect.stringContaining('limit') };
    expect(await left(sources.resolve(remote.url, main, signal))).toMatchObject(late);
    expect(await left(sources.tree(remote.url, commit, signal))).toMatchObject(late);
    expect(await processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`)).toEqual([]);
  });
});

describe('a server that wants a login', () => {
  const login = { username: 'ada', password: 'pa:ss wörd"\'$(x)%41' };
  const token = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const forms = [
    login.password,
    token,
    encodeURIComponent(login.password),
    JSON.stringify(login.password).slice(1, -1),
  ];

  test('gets it, and the tree comes', async () => {
    const { sources, remote, commit } = await served({ login }, { credentials: () => login });
    expect(await right(sources.resolve(remote.url, main, signal))).toBe(commit);
    expect((await entriesOf(sources, remote.url, commit)).get('a')).toMatchObject({ content: '1' });
  });

  test.each([
    ['none', undefined],
    ['another password', { username: 'ada', password: 'correct horse' }],
    ['an empty one', { username: '', password: '' }],
  ])('and is given %s: no question, no wait, an error that says what to do', async (_, credentials) => {
    const { sources, remote, commit } = await served({ login }, { credentials: () => credentials });
    const errors = [
      await left(sources.resolve(remote.url, main, signal)),
      await left(sources.tree(remote.url, commit, signal)),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ kind: 'permanent', code: 'sources/repository-not-found' });
      expect(error.message).toMatch(/Check the credentials/);
      expect(error.message).not.toMatch(/correct horse|YWRh/);
    }
  });

  test('is told by no argument, no file of the cache, and no message', async () => {
    const { folder, sources, remote, commit, cacheDirectory } = await served(
      { login },
      { credentials: () => login, limits: { fetchMs: 3_000 } },
    );
    remote.stallAfter(50);
    const fetching = left(sources.tree(remote.url, commit, signal));
    const running = () => processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`);
    const helper = async () => (await Promise.all((await running()).map(argumentsOf))).join('\n');
    await expect.poll(helper, { timeout: 30_000 }).toContain('remote-http');
    const said = [await helper(), JSON.stringify(await fetching)];

    await tarOf(sources, remote.url, commit);
    const written = await Promise.all((await filesUnder(cacheDirectory)).map((path) => readFile(path, 'latin1')));
    for (const form of forms) {
      expect(said.concat(written).filter((text) => text.includes(form))).toEqual([]);
    }
  });

  test('is not sent to another server', async () => {
    const seen: (string | undefined)[] = [];
    const other = await served({
      answer: ({ headers }, response) => {
        seen.push(headers.authorization);
        response.writeHead(404).end();
        return true;
      },
    });
    // The function is asked for the repository at hand, so this is what it would take to mix them up.
    const { sources } = await served(
      { login },
      { credentials: (url) => (url === other.remote.url ? undefined : login) },
    );
    await left(sources.resolve(other.remote.url, main, signal));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((authorization) => authorization !== undefined)).toEqual([]);
  });

  test('and a store of credentials that fails: an error without its words', async () => {
    const credentials = () => Promise.reject(new Error('token hunter2 expired'));
    const { sources, remote } = await served({ login }, { credentials });
    const error = await left(sources.resolve(remote.url, main, signal));
    expect(error).toMatchObject({ kind: 'transient', code: 'sources/unreachable' });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
  });

  test('and is given a key, which is for ssh', async () => {
    const credentials = () => ({ sshKeyFile: '/key', knownHostsFile: '/hosts' });
    const { sources, remote } = await served({ login }, { credentials });
    expect(await left(sources.resolve(remote.url, main, signal))).toMatchObject({ code: 'sources/refused' });
    expect(remote.requests).toEqual([]);
  });
});

describe('limits', () => {
  test('a fetch that brings too much is ended, and what it brought is gone', async () => {
    const { origin, sources, cacheDirectory } = await opened({ limits: { fetchBytes: 100_000 } });
    const commit = await origin.commit('main', { large: Array.from({ length: 2 ** 17 }, Math.random).join('') });
    const remote = await serveHttp(origin);
    // It stalls, so only the watch on what has come can end it.
    remote.stallAfter(400_000);
    expect(await left(sources.tree(remote.url, commit, signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
      message: expect.stringContaining('more than the limit'),
    });
    expect((await filesUnder(cacheDirectory)).filter((path) => /pack/.test(path))).toEqual([]);
  });

  test('a tree that is too long is ended', async () => {
    const { folder, origin, sources } = await opened({ limits: { treeBytes: 50_000 } });
    const commit = await origin.commit('main', { zeros: '0'.repeat(10_000_000) });
    await expect(tarOf(sources, origin.url, commit)).rejects.toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
    });
    expect(await processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`)).toEqual([]);
  });

  test('a reader that never comes back does not keep git for ever', async () => {
    const { folder, origin, sources } = await opened({ limits: { treeMs: 500 } });
    const commit = await origin.commit('main', { zeros: '0'.repeat(10_000_000) });
    const reader = (await right(sources.tree(origin.url, commit, signal)))[Symbol.asyncIterator]();
    await reader.next();
    await expect.poll(() => processesWith(`GIT_CEILING_DIRECTORIES=${folder}\0`), { timeout: 30_000 }).toEqual([]);
    const rest = async () => {
      while (!(await reader.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({ kind: 'transient', code: 'sources/unreachable' });
  });

  test('a list of refs without end is ended', async () => {
    const { origin, sources } = await opened();
    const commit = await origin.commit('main', { a: '1' });
    // Each ends like the one that is asked for, so git passes them all on.
    const refs = Array.from({ length: 20_000 }, (_, n) => `${commit} refs/x${n}/refs/heads/main`).sort();
    await writeFile(
      join(origin.directory, 'packed-refs'),
      `# pack-refs with: peeled fully-peeled sorted \n${refs.join('\n')}\n`,
    );
    expect(await left(sources.resolve(origin.url, main, signal))).toMatchObject({ code: 'sources/refused' });
  });
});

describe('the git program', () => {
  const withProgram = async (script: string | null) => {
    const { folder, origin, cacheDirectory } = await opened();
    const git = join(folder, 'program');
    if (script !== null) await writeFile(git, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const sources = gitSources({ cacheDirectory, allowedTransports: ['file'], git });
    return left(sources.resolve(origin.url, main, signal));
  };

  test.each([
    ['is not there', null, /Install git/],
    ['is too old', 'echo git version 2.30.2', /2\.39 or later.*2\.30\.2/],
    ['is much too old', 'echo git version 1.99.0', /2\.39 or later/],
    ['is something else', 'echo hello', /2\.39 or later/],
  ])('%s: refused, with what is needed', async (_, script, message) => {
    expect(await withProgram(script)).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
      message: expect.stringMatching(message),
    });
  });

  test('may be newer than any we know', async () => {
    expect(await withProgram('[ "$1" = version ] && echo git version 3.0.0.rc1 || exit 1')).toMatchObject({
      code: 'sources/unreachable',
    });
  });
});

const argumentsOf = (pid: number) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
