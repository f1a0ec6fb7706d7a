/** URLs, refs and commits that git or ssh could take for something else. None may start a process or touch the disk. */
import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitId, GitRef, RepositoryUrl } from '@recourse/core';
import { type GitTransport, gitSources } from '@recourse/git';
import { left } from '@recourse/testing';
import { describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from './origin.ts';

vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
const url = 'https://127.0.0.1:1/shop.git' as RepositoryUrl;
const main = 'main' as GitRef;
const commit = 'a'.repeat(40) as CommitId;

/** An adapter whose git leaves a trace if it is so much as asked for its version. */
const withCanary = async (allowedTransports?: readonly GitTransport[]) => {
  const folder = await temporaryFolder();
  const canary = join(folder, 'canary');
  const program = join(folder, 'git');
  await writeFile(program, `#!/bin/sh\ntouch ${canary}\nexec git "$@"\n`, { mode: 0o755 });
  const cacheDirectory = join(folder, 'cache');
  const options = { cacheDirectory, git: program, credentials: () => Promise.reject(new Error('asked')) };
  return {
    sources: gitSources(allowedTransports === undefined ? options : { ...options, allowedTransports }),
    written: async () => (await readdir(folder)).filter((name) => name !== 'git'),
    isThere: async (path: 'canary' | 'cache') =>
      access(join(folder, path)).then(
        () => true,
        () => false,
      ),
  };
};

const expectNothingRan = async ({ written }: Awaited<ReturnType<typeof withCanary>>) => {
  expect(await written()).toEqual([]);
};

test('the canary sings when something runs', async () => {
  const tried = await withCanary();
  await left(tried.sources.resolve(url, main, signal));
  expect([await tried.isThere('canary'), await tried.isThere('cache')]).toEqual([true, true]);
});

describe('a repository URL', () => {
  test.each([
    // Options, for git and for ssh.
    '--upload-pack=touch canary;git-upload-pack',
    '-ccore.sshCommand=touch canary;',
    '-oProxyCommand=touch canary:x',
    'ssh://-oProxyCommand=touch%20canary/x',
    'ssh://git@-oProxyCommand=x/y',
    'ssh://-l@host/x',
    'git@-oProxyCommand=x:y',
    'git@host:-x',
    // Transports that run programs, or read descriptors and hang.
    'ext::sh -c touch% canary',
    'ext::sh',
    'fd::17/foo',
    'testgit::/tmp/x',
    'https::https://host/x',
    'user@ext::x',
    // This machine's disk.
    'file:///etc',
    'FILE:///etc',
    'file://localhost/etc',
    '/etc',
    './x',
    '../x',
    'x',
    'C:\\repository',
    'host:path',
    // Not encrypted, or not known.
    'git://host/x',
    'http://host/x',
    'ftp://host/x',
    'ssh+git://host/x',
    // Odd spellings.
    'HTTPS://host/x',
    'https:/host/x',
    'https:///host/x',
    'https:host/x',
    'https://host',
    'https://host/',
    'https://ho st/x',
    'https://host:99999999/x',
    'https://host/x?service=y',
    'https://host/x#y',
    'https://host\\@other/x',
    'https://host/x%0ahost=other',
    'https://host/x%00',
    'https://host/x\nhost=other',
    'https://хост/x',
    'https://%2doProxyCommand/x',
    // Credentials in the open.
    'https://ada:hunter2@host/x',
    'https://hunter2@host/x',
    'ssh://ada:hunter2@host/x',
    'https://ada:hun/ter2@host/x',
    'https://host:hunter2/x',
    'https://host/x?private_token=hunter2',
    'https://host/x#hunter2',
    'https://host/x%3fa%0d%0aauthorization:%20x',
    // Options and commands, in disguise.
    'https://-host/x',
    'https://host-/x',
    'ssh://git@host:-1/x',
    'ssh://git@host;touch%20canary/x',
    'ssh://git@$(touch canary)/x',
    'ssh://git@`id`/x',
    'git@host:x y',
    'git@host::x',
    'git@host',
    'git@:x',
    '@host:x',
    '-git@host:x',
    'git@ho/st:x',
    '--',
    // Other ways to this machine.
    'file://host/../etc',
    'file:/etc',
    'file:',
    '~/x',
    '\\\\host\\share',
    'jar:file:///etc!/x',
    'data:text/plain,x',
    'javascript:x',
    // What looks like something else.
    'https://host\u2044x/y',
    'https://host\u3002example/x',
    'https://ⓗost/x',
    'https://host\u200b/x',
    'https://host\u202e/x',
    'https://host/x\u0000',
    'https://host/x\u007f',
    'https://host/\ud800',
    ' https://host/x',
    'https://host/x ',
    'https://host/x\t',
    'https://[::1/x',
    'https://[zz]/x',
    'https://host:/x',
    'https://host:8 443/x',
    '',
    `https://host/${'x'.repeat(10_000)}`,
    `https://${'a.'.repeat(5_000)}/x`,
  ])('%j is refused before anything runs', async (hostile) => {
    const tried = await withCanary();
    const repository = hostile as RepositoryUrl;
    const errors = [
      await left(tried.sources.resolve(repository, main, signal)),
      await left(tried.sources.tree(repository, commit, signal)),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ kind: 'permanent', code: 'sources/refused' });
      expect(error.message).toMatch(/repository URL/);
      expect(error.message).not.toContain('hunter2');
      expect(error.message.length).toBeLessThan(300);
    }
    await expectNothingRan(tried);
  });

  test.each<[string, GitTransport]>([
    ['https://host/x.git', 'https'],
    ['https://host:8443/group/sub/x', 'https'],
    ['https://[::1]/x', 'https'],
    ['http://host/x', 'http'],
    ['ssh://git@host:2222/~ada/x.git', 'ssh'],
    ['git@host.example:group/x.git', 'ssh'],
    ['git://host/x', 'git'],
    ['file:///srv/x', 'file'],
  ])('%s goes by %s: refused unless allowed', async (plain, transport) => {
    const others = (['https', 'http', 'ssh', 'git', 'file'] as const).filter((other) => other !== transport);
    const without = await withCanary(others);
    expect(await left(without.sources.resolve(RepositoryUrl.parse(plain), main, signal))).toMatchObject({
      code: 'sources/refused',
      message: expect.stringContaining(`"${transport}" is not allowed`),
    });
    await expectNothingRan(without);

    const allowed = await withCanary([transport]);
    // It gets as far as asking for credentials, which is all that this one can do.
    expect(await left(allowed.sources.resolve(RepositoryUrl.parse(plain), main, signal))).toMatchObject({
      code: 'sources/unreachable',
      message: expect.stringContaining('credentials'),
    });
  });
});

describe('a ref', () => {
  test.each([
    '--upload-pack=touch canary',
    '--output=canary',
    '-c',
    '-',
    'main..other',
    'main^{/x}',
    'main~1',
    'main:path',
    'main@{1}',
    '@{-1}',
    ':/x',
    '^main',
    'refs/heads/*',
    'ma?n',
    'ma[i]n',
    'ma\\in',
    'ma in',
    'main\n',
    'main\0x',
    'main\x7f',
    '/main',
    'main/',
    'a//b',
    '.main',
    'main.',
    '@{upstream}',
    'main@{yesterday}',
    'main^0',
    'main^{commit}',
    'main~1^2',
    'a\tb',
    'a\u00a0b',
    'a\u2028b',
    'a\u0085b',
    'a\ud800',
    '--',
    '-h',
    '--help',
    '--exec=touch canary',
    '--all',
    '--end-of-options',
    '../main',
    'refs/heads/../../config',
    'refs//heads',
    'refs/heads/main:refs/heads/x',
    '',
    'x'.repeat(10_240),
  ])('%j is refused by the schema, and by the adapter before anything runs', async (hostile) => {
    expect(GitRef.safeParse(hostile).success).toBe(false);
    const tried = await withCanary();
    const error = await left(tried.sources.resolve(url, hostile as GitRef, signal));
    expect(error).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
      message: expect.stringMatching(/\bref\b/),
    });
    expect(error.message.length).toBeLessThan(300);
    await expectNothingRan(tried);
  });
});

describe('a commit id', () => {
  test.each([
    'main',
    'HEAD',
    'abc1234',
    'A'.repeat(40),
    'a'.repeat(39),
    'a'.repeat(41),
    `${'a'.repeat(40)}^`,
    `${'a'.repeat(40)}\n`,
    `-${'a'.repeat(39)}`,
    '--output=canary',
    '',
  ])('%j is refused by the schema, and by the adapter before anything runs', async (hostile) => {
    expect(CommitId.safeParse(hostile).success).toBe(false);
    const tried = await withCanary();
    expect(await left(tried.sources.tree(url, hostile as CommitId, signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
      message: expect.stringMatching(/\bcommit\b/),
    });
    await expectNothingRan(tried);
  });
});
