/** What our own process may have inherited: settings, programs and folders that would make git run something. */
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitRef, RepositoryUrl } from '@recourse/core';
import { gitSources } from '@recourse/git';
import { left, right } from '@recourse/testing';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runWith } from './inherited.ts';
import { entriesOf, filesUnder, opened } from './opened.ts';

vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
const main = GitRef.parse('main');

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A program that leaves a trace. */
const trap = async (folder: string) => {
  const canary = join(folder, 'canary');
  const program = join(folder, 'trap');
  await writeFile(program, `#!/bin/sh\ntouch ${canary}\nexit 1\n`, { mode: 0o755 });
  const isSprung = () =>
    access(canary).then(
      () => true,
      () => false,
    );
  return { program, isSprung, reset: () => rm(canary) };
};

const files = { '.gitattributes': '* filter=lfs export-subst\n', a: '$Format:%H$' };

const expectPlainTree = async ({ origin, sources }: Awaited<ReturnType<typeof opened>>) => {
  const commit = await right(sources.resolve(origin.url, main, signal));
  expect((await entriesOf(sources, origin.url, commit)).get('a')).toMatchObject({ content: files.a });
};

describe('a filter such as LFS that is configured on this machine', () => {
  const configured = async () => {
    const setting = await opened();
    await setting.origin.commit('main', files);
    const { program, isSprung } = await trap(setting.folder);
    const home = join(setting.folder, 'home');
    await mkdir(join(home, '.config', 'git'), { recursive: true });
    await writeFile(join(home, '.gitconfig'), `[filter "lfs"]\n\tsmudge = ${program}\n\trequired = true\n`);
    await writeFile(join(home, '.config', 'git', 'attributes'), '* filter=lfs\n');
    return { setting, isSprung, home };
  };

  test('runs in a plain git archive: the trap works', async () => {
    const { setting, isSprung, home } = await configured();
    await runWith({ HOME: home }, setting.origin.directory, ['archive', 'main']);
    expect(await isSprung()).toBe(true);
  });

  test('does not run for us', async () => {
    const { setting, isSprung, home } = await configured();
    vi.stubEnv('HOME', home);
    vi.stubEnv('GIT_CONFIG_GLOBAL', join(home, '.gitconfig'));
    vi.stubEnv('GIT_CONFIG_SYSTEM', join(home, '.gitconfig'));
    await expectPlainTree(setting);
    expect(await isSprung()).toBe(false);
  });
});

test('a filter that somebody configured in the cache itself does not run either', async () => {
  const setting = await opened();
  const commit = await setting.origin.commit('main', files);
  await entriesOf(setting.sources, setting.origin.url, commit);
  const { program, isSprung } = await trap(setting.folder);
  const configs = (await filesUnder(setting.cacheDirectory)).filter((path) => path.endsWith('/config'));
  expect(configs).toHaveLength(1);
  for (const config of configs)
    await runWith({}, setting.folder, ['config', '-f', config, 'filter.lfs.smudge', program]);
  await expectPlainTree(setting);
  expect(await isSprung()).toBe(false);
});

describe('variables that name programs, folders or settings', () => {
  test('run a program of theirs in a plain git: the trap works', async () => {
    const { folder, origin } = await opened();
    const { program, isSprung } = await trap(folder);
    const argv = ['ls-remote', 'ssh://git@127.0.0.1:1/x'];
    await runWith({ GIT_SSH_COMMAND: program }, origin.directory, argv);
    expect(await isSprung()).toBe(true);
  });

  test('do nothing to us', async () => {
    const setting = await opened({ allowedTransports: ['file', 'ssh'] });
    await setting.origin.commit('main', files);
    const { program, isSprung } = await trap(setting.folder);
    const config = {
      'core.sshCommand': program,
      'core.fsmonitor': program,
      'core.hooksPath': setting.folder,
      'filter.lfs.smudge': program,
      'filter.lfs.required': 'true',
      'credential.helper': `!${program}`,
      'uploadpack.packObjectsHook': program,
      'protocol.ext.allow': 'always',
      [`url.ext::${program} .insteadOf`]: 'file://',
    };
    const counted = Object.entries(config).flatMap(([key, value], n) => [
      [`GIT_CONFIG_KEY_${n}`, key],
      [`GIT_CONFIG_VALUE_${n}`, value],
    ]);
    const variables: Readonly<Record<string, string>> = {
      ...Object.fromEntries(counted),
      GIT_CONFIG_COUNT: String(counted.length / 2),
      GIT_CONFIG_PARAMETERS: `'core.sshcommand=${program}' 'core.fsmonitor=${program}'`,
      GIT_ASKPASS: program,
      SSH_ASKPASS: program,
      SSH_ASKPASS_REQUIRE: 'force',
      DISPLAY: ':0',
      GIT_SSH: program,
      GIT_SSH_COMMAND: program,
      GIT_PROXY_COMMAND: program,
      GIT_EXTERNAL_DIFF: program,
      GIT_PAGER: program,
      GIT_EDITOR: program,
      GIT_EXEC_PATH: setting.folder,
      GIT_TEMPLATE_DIR: setting.folder,
      GIT_ATTR_SOURCE: 'HEAD',
      GIT_DIR: join(setting.folder, 'nowhere'),
      GIT_WORK_TREE: setting.folder,
      GIT_OBJECT_DIRECTORY: join(setting.folder, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: setting.folder,
      GIT_NAMESPACE: 'other',
      GIT_SHALLOW_FILE: join(setting.folder, 'shallow'),
      GIT_REPLACE_REF_BASE: 'refs/heads/',
      GIT_ALLOW_PROTOCOL: 'ext',
      GIT_DEFAULT_HASH: 'sha256',
      GIT_TRACE: join(setting.folder, 'trace'),
      GIT_TRACE_CURL: join(setting.folder, 'trace'),
      GIT_TRACE2: join(setting.folder, 'trace'),
      HTTPS_PROXY: 'http://127.0.0.1:1',
      ALL_PROXY: 'http://127.0.0.1:1',
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);

    await expectPlainTree(setting);
    const overSsh = RepositoryUrl.parse('ssh://git@127.0.0.1:1/x');
    expect(await left(setting.sources.resolve(overSsh, main, signal))).toMatchObject({ code: 'sources/unreachable' });
    expect(await isSprung()).toBe(false);
    for (const written of ['trace', 'objects', 'shallow', 'nowhere']) {
      await expect(access(join(setting.folder, written))).rejects.toThrow();
    }
  });
});

test('a repository around the cache or around this process configures nothing', async () => {
  const { folder, origin } = await opened();
  await origin.commit('main', files);
  const { program, isSprung, reset } = await trap(folder);
  const around = join(folder, 'around');
  await mkdir(around);
  await runWith({}, around, ['init', '--quiet']);
  for (const [key, value] of [
    [`url.ext::${program} .insteadOf`, 'file://'],
    ['protocol.ext.allow', 'always'],
    ['core.fsmonitor', program],
    ['core.sshCommand', program],
  ] as const) {
    await runWith({}, around, ['config', key, value]);
  }
  // The trap works: this is what git does there by itself.
  await runWith({}, around, ['ls-remote', origin.url]);
  expect(await isSprung()).toBe(true);
  await reset();

  const home = process.cwd();
  onTestFinished(() => process.chdir(home));
  process.chdir(around);
  const sources = gitSources({ cacheDirectory: join(around, 'cache'), allowedTransports: ['file'] });
  await expectPlainTree({ folder, origin, sources, cacheDirectory: join(around, 'cache') });
  expect(await isSprung()).toBe(false);
});
