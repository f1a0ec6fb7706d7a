import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommitId } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Manifest, readManifest, UnsupportedFile, writeBundle } from '../src/bundle.ts';
import { commandInputs } from './projects.ts';

const manifest: Manifest = {
  format: 1,
  commit: CommitId.parse('c'.repeat(40)),
  inputs: commandInputs(null, ['node', 'ünï']),
  runnable: true,
};

const fresh = async () => {
  const parent = await mkdtemp(join(tmpdir(), 'recourse-bundle-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  let written = 0;
  const bundle = async (tree: string, of = manifest) => {
    const file = join(parent, `${written++}.tar`);
    return { file, digest: await writeBundle(of, tree, file) };
  };
  const tree = async (name: string) => {
    const folder = join(parent, name);
    await mkdir(join(folder, 'empty'), { recursive: true });
    await writeFile(join(folder, 'script.sh'), 'echo', { mode: 0o755 });
    await writeFile(join(folder, 'data'), Buffer.alloc(100_001, 7), { mode: 0o640 });
    await writeFile(join(folder, `${'long-'.repeat(30)}ünï`), 'long');
    await symlink('data', join(folder, 'link'));
    await symlink(`empty/${'long-'.repeat(30)}`, join(folder, 'long-link'));
    return folder;
  };
  return { bundle, tree };
};

describe('a bundle', () => {
  test('is a tar that every tar can read, and its digest is its SHA-256', async () => {
    const { bundle, tree } = await fresh();
    const { file, digest } = await bundle(await tree('one'));
    expect(`sha256:${execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)}`).toBe(digest);
    const listed = execFileSync('tar', ['--quoting-style=literal', '-tf', file], { encoding: 'utf8' });
    expect(listed.trim().split('\n')).toEqual([
      'recourse.json',
      'tree/',
      'tree/data',
      'tree/empty/',
      'tree/link',
      'tree/long-link',
      `tree/${'long-'.repeat(30)}ünï`,
      'tree/script.sh',
    ]);
    const content = execFileSync('tar', ['-xOf', file, 'tree/data']);
    expect(content.equals(Buffer.alloc(100_001, 7))).toBe(true);
    const verbose = execFileSync('tar', ['--numeric-owner', '-tvf', file], { encoding: 'utf8' });
    expect(verbose).toMatch(/^-rwxr-xr-x 0\/0 .* 1970-01-01 00:00 tree\/script\.sh$/m);
    expect(verbose).toMatch(/^-rw-r--r-- 0\/0 .* tree\/data$/m);
    expect(verbose).toContain(`tree/long-link -> empty/${'long-'.repeat(30)}\n`);
  });

  test('is the same for the same files, whatever their times, owners and finer modes', async () => {
    const { bundle, tree } = await fresh();
    const two = await tree('two');
    await utimes(join(two, 'data'), 1, 1);
    await chmod(join(two, 'data'), 0o600);
    expect((await bundle(two)).digest).toBe((await bundle(await tree('one'))).digest);
  });

  test.each<[string, (folder: string) => Promise<void>]>([
    ['content', (folder) => writeFile(join(folder, 'data'), 'other')],
    ['name', (folder) => writeFile(join(folder, 'more'), '')],
    ['empty folder', (folder) => mkdir(join(folder, 'more'))],
    ['executable bit', (folder) => chmod(join(folder, 'data'), 0o755)],
    ['link', (folder) => symlink('data', join(folder, 'more'))],
  ])('is another one for another %s', async (_, change) => {
    const { bundle, tree } = await fresh();
    const two = await tree('two');
    await change(two);
    expect((await bundle(two)).digest).not.toBe((await bundle(await tree('one'))).digest);
  });

  test('says what it is, and that is part of its digest', async () => {
    const { bundle, tree } = await fresh();
    const folder = await tree('one');
    const { file, digest } = await bundle(folder);
    expect(await readManifest(file)).toEqual(manifest);
    const other = await bundle(folder, { ...manifest, commit: CommitId.parse('d'.repeat(40)) });
    expect(other.digest).not.toBe(digest);
  });

  test('does not take what it could not give back', async () => {
    const { bundle, tree } = await fresh();
    const piped = await tree('piped');
    execFileSync('mkfifo', [join(piped, 'pipe')]);
    await expect(bundle(piped)).rejects.toThrow(UnsupportedFile);
    const linked = await tree('linked');
    await symlink('/etc/passwd', join(linked, 'out'));
    await expect(bundle(linked)).rejects.toThrow(UnsupportedFile);
  });
});
