/** What a repository may hold to make us run, write or show something else than its commit. */
import { access, chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitId, GitRef } from '@recourse/core';
import { left, right } from '@recourse/testing';
import { describe, expect, test, vi } from 'vitest';
import { entriesOf, filesUnder, opened } from './opened.ts';
import { makeOrigin } from './origin.ts';

vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;

describe('a tree whose names would lead out of it, or into a repository', () => {
  test.each(['..', '.', '.git', '.GIT', 'git~1', '.g\u200cit', 'a/../../b', '/etc'])('%j is refused', async (name) => {
    const { origin, sources } = await opened();
    const id = await origin.blob('x');
    const commit = await origin.commitRaw('main', [['100644', name, id]]);
    expect(await left(sources.tree(origin.url, commit, signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/refused',
      message: expect.stringContaining(commit),
    });
  });

  test('deeper down too', async () => {
    const { origin, sources } = await opened();
    await origin.commitRaw('inner', [['100644', '..', await origin.blob('x')]]);
    const inner = (await origin.git('rev-parse', 'inner^{tree}')).trim();
    const commit = await origin.commitRaw('main', [['40000', 'fine', inner]]);
    expect(await left(sources.tree(origin.url, commit, signal))).toMatchObject({ code: 'sources/refused' });
  });
});

describe('a tree that is only odd comes as it is', () => {
  test('links out of it stay links', async () => {
    const { origin, sources } = await opened();
    const targets = { passwd: '/etc/passwd', up: '../../..', self: 'self', nowhere: 'a'.repeat(300) };
    const links = Object.fromEntries(
      Object.entries(targets).map(([path, content]) => [path, { mode: '120000', content }]),
    );
    const entries = await entriesOf(sources, origin.url, await origin.commit('main', links));
    for (const [path, content] of Object.entries(targets)) {
      expect(entries.get(path)).toMatchObject({ kind: 'link', content });
    }
  });

  test('names that only differ in case, are long, or have quotes, line ends or dashes', async () => {
    const { origin, sources } = await opened();
    const names = [
      'README',
      'readme',
      '-rf',
      '$(touch canary)',
      'a"b',
      "a'b",
      'a\nb',
      `${'d/'.repeat(2000)}f`,
      '＂',
      '🚀',
    ];
    const files = Object.fromEntries(names.map((name, n) => [name, String(n)]));
    const entries = await entriesOf(sources, origin.url, await origin.commit('main', files));
    for (const [name, content] of Object.entries(files))
      expect(entries.get(name)).toMatchObject({ kind: 'file', content });
  });

  test('modes are those of the commit, less what others may write', async () => {
    const { origin, sources } = await opened();
    const commit = await origin.commit('main', { run: { mode: '100755', content: '' }, read: '' });
    const entries = await entriesOf(sources, origin.url, commit);
    expect([entries.get('run')?.mode, entries.get('read')?.mode]).toEqual([0o755, 0o644]);
  });
});

test('attributes neither hide, rewrite nor convert anything', async () => {
  const { origin, sources } = await opened();
  const files = {
    '.gitattributes': [
      '[attr]sly filter=lfs export-ignore',
      'hidden export-ignore',
      'folder export-ignore',
      'version export-subst',
      'id ident',
      'lines text eol=crlf',
      'wide working-tree-encoding=UTF-16',
      'large filter=lfs diff=lfs merge=lfs -text',
      'sly sly',
      '',
    ].join('\n'),
    'folder/.gitattributes': '* export-ignore\n',
    'folder/file': 'seen',
    hidden: 'seen',
    version: '$Format:%H %an$',
    id: '$Id$',
    lines: 'a\nb\n',
    wide: 'ä\n',
    large: 'version https://git-lfs.github.com/spec/v1\n',
    sly: 'seen',
  };
  const entries = await entriesOf(sources, origin.url, await origin.commit('main', files));
  const contents = [...entries].filter(([, { kind }]) => kind === 'file').map(([path, { content }]) => [path, content]);
  expect(Object.fromEntries(contents)).toEqual(files);
});

test('hooks and commands of the source repository do not run', async () => {
  const { folder, origin, sources } = await opened();
  const canary = join(folder, 'canary');
  const hooks = join(origin.directory, 'hooks');
  await mkdir(hooks, { recursive: true });
  const names = [
    'post-checkout',
    'post-update',
    'pre-receive',
    'reference-transaction',
    'pre-auto-gc',
    'post-index-change',
  ];
  const program = join(folder, 'program');
  await writeFile(program, `#!/bin/sh\ntouch ${canary}\nexec "$@"\n`);
  await chmod(program, 0o755);
  const commit = await origin.commit('main', { a: '1' });
  await Promise.all(names.map((name) => writeFile(join(hooks, name), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 })));
  for (const key of [
    'uploadpack.packObjectsHook',
    'core.fsmonitor',
    'core.sshCommand',
    'core.gitProxy',
    'core.pager',
  ]) {
    await origin.git('config', key, program);
  }

  expect(await right(sources.resolve(origin.url, GitRef.parse('main'), signal))).toBe(commit);
  expect((await entriesOf(sources, origin.url, commit)).get('a')).toMatchObject({ content: '1' });
  await expect(access(canary)).rejects.toThrow();
  expect((await readdir(folder)).sort()).toEqual(['cache', 'origin', 'program']);
});

describe('submodules', () => {
  test('are not fetched: an empty folder is all there is', async () => {
    const { folder, origin, sources, cacheDirectory } = await opened();
    const other = await makeOrigin(join(folder, 'other.git'));
    const theirs = await other.commit('main', { secret: 'theirs' });
    const commit = await origin.commit('main', {
      '.gitmodules': `[submodule "sub"]\n\tpath = sub\n\turl = ${other.url}\n\tupdate = checkout\n`,
      sub: { mode: '160000', content: theirs },
    });
    const entries = await entriesOf(sources, origin.url, commit);
    expect([...entries.keys()]).toEqual(['.gitmodules', 'sub/']);
    expect(entries.get('sub/')).toMatchObject({ kind: 'directory' });
    expect((await filesUnder(cacheDirectory)).filter((path) => path.includes('modules'))).toEqual([]);
  });

  test.each([
    ['an option for a URL', '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch canary\n'],
    ['a path out of the tree', '[submodule "../../x"]\n\tpath = x\n\turl = https://host/x\n'],
    ['a command for an update', '[submodule "x"]\n\tpath = x\n\turl = https://host/x\n\tupdate = !touch canary\n'],
    ['a path that is an option', '[submodule "x"]\n\tpath = -x\n\turl = https://host/x\n'],
  ])('with %s are refused', async (_, content) => {
    const { folder, origin, sources } = await opened();
    const commit = await origin.commit('main', { '.gitmodules': content });
    expect(await left(sources.tree(origin.url, commit, signal))).toMatchObject({ code: 'sources/refused' });
    expect((await filesUnder(folder)).filter((path) => path.includes('canary'))).toEqual([]);
  });
});

describe('names that look like other things', () => {
  test.each([
    `it's-"quoted"`,
    'ünïcode/分支/🚀',
    '$(touch$IFS-canary)',
    '`id`;|&><!#%',
    'a.lock.x/-b',
    'HEAD2',
    'refs',
    'heads/main',
    'x'.repeat(200),
  ])('the branch %s is only a name', async (branch) => {
    const { folder, origin, sources } = await opened();
    await origin.commit('main', { a: 'main' });
    const commit = await origin.commit(branch, { a: 'branch' });
    expect(await right(sources.resolve(origin.url, GitRef.parse(branch), signal))).toBe(commit);
    expect((await entriesOf(sources, origin.url, commit)).get('a')).toMatchObject({ content: 'branch' });
    expect(await readdir(folder)).toEqual(['cache', 'origin']);
  });

  test('HEAD is what the remote says it is', async () => {
    const { origin, sources } = await opened();
    const commit = await origin.commit('trunk', { a: '1' });
    await origin.commit('main', { a: '2' });
    await origin.git('symbolic-ref', 'HEAD', 'refs/heads/trunk');
    expect(await right(sources.resolve(origin.url, GitRef.parse('HEAD'), signal))).toBe(commit);
  });

  test('a tag or branch that looks like a commit is not taken for it', async () => {
    const { origin, sources } = await opened();
    const real = await origin.commit('main', { a: 'real' });
    const fake = await origin.commit('fake', { a: 'fake' });
    await origin.git('update-ref', `refs/tags/${real}`, fake);
    await origin.git('update-ref', `refs/heads/${real}`, fake);
    expect(await right(sources.resolve(origin.url, GitRef.parse(real), signal))).toBe(fake);
    expect((await entriesOf(sources, origin.url, real)).get('a')).toMatchObject({ content: 'real' });
  });

  test.each([40, 64])('a branch with %d hexadecimal digits is not a commit', async (digits) => {
    const { origin, sources } = await opened();
    const fake = await origin.commit('fake', { a: 'fake' });
    const name = 'c'.repeat(digits);
    await origin.git('update-ref', `refs/heads/${name}`, fake);
    await origin.git('update-ref', `refs/tags/${name}`, fake);
    expect(await left(sources.tree(origin.url, CommitId.parse(name), signal))).toMatchObject({
      kind: 'permanent',
      code: 'sources/commit-gone',
    });
  });

  test('a tree, a blob or an annotated tag is not a commit', async () => {
    const { origin, sources } = await opened();
    const commit = await origin.commit('main', { a: '1' });
    await origin.tag('v1', commit);
    for (const name of ['main^{tree}', 'main:a', 'refs/tags/v1']) {
      const id = CommitId.parse((await origin.git('rev-parse', name)).trim());
      expect(await left(sources.tree(origin.url, id, signal))).toMatchObject({ code: 'sources/commit-gone' });
    }
  });
});

test('a repository with SHA-256 ids is as good as any', async () => {
  const { folder, sources } = await opened();
  const origin = await makeOrigin(join(folder, 'modern.git'), 'sha256');
  const commit = await origin.commit('main', { a: '1' });
  expect(commit).toHaveLength(64);
  expect(await right(sources.resolve(origin.url, GitRef.parse('main'), signal))).toBe(commit);
  // A URL with ids of either kind, as after a conversion: one cache does not stand in the way of the other.
  expect(await left(sources.tree(origin.url, CommitId.parse('a'.repeat(40)), signal))).toMatchObject({
    code: 'sources/commit-gone',
  });
  expect((await entriesOf(sources, origin.url, commit)).get('a')).toMatchObject({ content: '1' });
});
