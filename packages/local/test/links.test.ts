import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import type { PortError } from '@recourse/core';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { expect, onTestFinished, test } from 'vitest';
import { Failure } from '../src/failure.ts';
import { leavesTree } from '../src/links.ts';
import { defaultLimits, unpack } from '../src/unpack.ts';
import { collect } from './projects.ts';

const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const target = fc
  .array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'));

const entry = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('symlink' as const), name: path, linkname: target }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('directory' as const), name: path }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('file' as const), name: path }) },
);

const no = (): PortError => ({ kind: 'permanent', code: 'test/no', message: 'no' });
const options = {
  limits: defaultLimits,
  problems: { refused: no, brokenOff: no, cancelled: no },
  signal: new AbortController().signal,
};

test('whatever the links of a tree that is taken, the file system keeps them inside', { timeout: 60_000 }, async () => {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'recourse-links-')));
  onTestFinished(() => rm(parent, { recursive: true }));
  let runs = 0;
  let taken = 0;
  let followed = 0;

  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
      const root = join(parent, String(runs++), 'deep', 'root');
      await mkdir(root, { recursive: true });
      const tar = pack();
      for (const header of entries) tar.entry(header, '');
      tar.finalize();
      const refused = await unpack(tarBytes(await collect(tar)), root, options).catch((cause: unknown) => cause);
      if (refused !== undefined) {
        expect(refused).toBeInstanceOf(Failure);
        return;
      }

      taken += 1;
      for (const found of await readdir(root, { recursive: true, withFileTypes: true })) {
        const real = await realpath(join(found.parentPath, found.name)).catch(() => null);
        if (found.isSymbolicLink() && real !== null) followed += 1;
        expect(`${real ?? root}${sep}`.startsWith(`${root}${sep}`)).toBe(true);
      }
    }),
    { numRuns: 1200 },
  );
  // A check of trees that were all refused would prove nothing.
  expect(taken).toBeGreaterThan(50);
  expect(followed).toBeGreaterThan(20);
});

async function* tarBytes(tar: Buffer): AsyncGenerator<Uint8Array> {
  yield tar;
}

test.each([
  ['inside', { link: 'a/b' }, false],
  ['to the root itself', { 'a/link': '..' }, false],
  ['through another, inside', { 'a/up': '..', link: 'a/up/b' }, false],
  ['above the root', { link: '..' }, true],
  ['above the root and back', { link: '../root/x' }, true],
  ['through another, above', { 'a/b/up': '../..', link: 'a/b/up/../x' }, true],
  ['in a circle', { link: 'link' }, true],
  ['absolute', { link: '/a' }, true],
])('a link %s', (_, links, expected) => {
  expect(leavesTree('link' in links ? 'link' : 'a/link', new Map(Object.entries(links)))).toBe(expected);
});
