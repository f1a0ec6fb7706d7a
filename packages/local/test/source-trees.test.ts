/** Source trees that mean harm, or are broken: each is refused, and nothing is written outside of the build's folder. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { localBuilder, type UnpackLimits } from '@recourse/local';
import { left, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pack } from 'tar-stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from './hands.ts';
import { collect, commandInputs, orderOf, tarOf } from './projects.ts';

type Header = Parameters<ReturnType<typeof pack>['entry']>[0];
type Raw = readonly [header: Header, content?: string];

const limits = { entriesMax: 50, bytesMax: 1_000_000, depthMax: 10 };

const fresh = () => freshWith(limits);

const freshWith = async (limits: UnpackLimits) => {
  const { path: directory, parent, remove } = await temporaryDirectory();
  onTestFinished(remove);
  const builder = localBuilder({ directory, limits });
  const build = (source: AsyncIterable<Uint8Array>) =>
    builder.build(orderOf(commandInputs(null, ['true'])), TE.right(source), {
      onProgress: () => {},
      signal: new AbortController().signal,
    });
  return { directory, parent, build };
};

const rawTar = (entries: readonly Raw[]): Promise<Buffer> => {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content ?? '');
  tar.finalize();
  return collect(tar);
};

async function* stream(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const file = (name: string): Raw => [{ name }, 'x'];
const symlink = (name: string, linkname: string): Raw => [{ name, linkname, type: 'symlink' }];
const mark = `recourse-escaped-${randomUUID()}`;

const hostile: Record<string, readonly Raw[]> = {
  'a path that climbs': [file(`../${mark}`)],
  'a path that climbs late': [file(`a/b/../../../${mark}`)],
  'a path that climbs and comes back': [file('a/../b')],
  'an absolute path': [file(`/tmp/${mark}`)],
  'an absolute path with a dot': [file(`//tmp/${mark}`)],
  'a folder that climbs': [[{ name: `../${mark}/`, type: 'directory' }]],
  'a long path that climbs': [file(`${'d/'.repeat(4)}${'../'.repeat(60)}tmp/${mark}`)],
  'a name that is not UTF-8': [file('caf\ufffd')],
  'an absolute link': [symlink('link', '/etc/passwd')],
  'a link to above': [symlink('link', '..')],
  'a link that climbs late': [symlink('a/link', '../../x')],
  'a link that climbs through another': [
    [{ name: 'd1/d2', type: 'directory' }],
    symlink('d1/d2/root', '../..'),
    symlink('out', 'd1/d2/root/../x'),
  ],
  'a link that climbs from behind another': [
    [{ name: 'a', type: 'directory' }],
    symlink('c', 'a'),
    symlink('c/a', '../..'),
  ],
  'a loop of links': [symlink('a', 'b'), symlink('b', 'a')],
  'a link to nowhere at all': [symlink('a', '')],
  'a file through a link': [symlink('tmp', '/tmp'), file(`tmp/${mark}`)],
  'a file through a link inside': [symlink('a', 'b'), file('a/x'), file('b/x')],
  'a link over a folder that is in use': [file('a/x'), symlink('a', 'b')],
  'a hard link': [file('a'), [{ name: 'b', linkname: 'a', type: 'link' }]],
  'a hard link to outside': [[{ name: 'b', linkname: '/etc/passwd', type: 'link' }]],
  'a named pipe': [[{ name: 'pipe', type: 'fifo' }]],
  'a device': [[{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }]],
  'a disk': [[{ name: 'sda', type: 'block-device', devmajor: 8, devminor: 0 }]],
  'what is contiguous': [[{ name: 'a', type: 'contiguous-file' }]],
  'a path that climbs in another header': [[{ name: 'a', pax: { path: `../${mark}` } }]],
  'an absolute path in another header': [[{ name: 'a', pax: { path: `/tmp/${mark}` } }]],
  'a link to outside in another header': [[{ name: 'a', type: 'symlink', linkname: 'b', pax: { linkpath: '/etc' } }]],
  'a path of 100 kB': [[{ name: 'a', pax: { path: 'x/'.repeat(50_000) } }]],
  'a climbing path of 100 kB': [[{ name: 'a', pax: { path: `${'../'.repeat(33_333)}${mark}` } }]],
  'a path with a NUL': [[{ name: 'a', pax: { path: `a\0/../../${mark}` } }]],
  'the same file twice': [file('a'), file('a')],
  'the same file twice, otherwise written': [file('a'), file('.//a')],
  'a file over a link': [symlink('a', 'b'), file('a')],
  'a file behind a link that comes late': [file('d/x'), symlink('d', '/tmp')],
  'a chain of 41 links': Array.from({ length: 41 }, (_, n) => symlink(`l${n}`, `l${n + 1}`)),
  'a file inside a file': [file('a'), file('a/b')],
  'a folder in place of a file': [file('a'), [{ name: 'a', type: 'directory' }]],
  'a root that is a file': [file('.')],
  'a root that is a link': [symlink('.', 'a')],
  'a name that is too long': [file('n'.repeat(256))],
  'a tree that is too deep': [file(`${'d/'.repeat(10)}x`)],
  'too many files': Array.from({ length: 51 }, (_, i) => file(`f${i}`)),
  'too many bytes': [[{ name: 'big' }, 'x'.repeat(1_000_001)]],
};

describe('a source tree', () => {
  test.each(Object.entries(hostile))('with %s is refused', async (_, entries) => {
    const { build, directory, parent } = await fresh();
    const before = await readdir(parent);
    const error = await left(build(stream(await rawTar(entries))));
    expect(error).toMatchObject({ kind: 'permanent', code: 'builder/refused' });
    expect(await readdir(parent)).toEqual(before);
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
    expect(await readdir(join(directory, 'images'))).toEqual([]);
    expect(existsSync(`/tmp/${mark}`)).toBe(false);
    expect(error.message.length).toBeLessThan(600);
  });

  test('that is no tar is refused', async () => {
    const { build } = await fresh();
    const error = await left(build(stream(Buffer.alloc(5000, 'no tar '))));
    expect(error).toMatchObject({ code: 'builder/refused' });
  });

  test('with ordinary files and links is built', async () => {
    const { build } = await fresh();
    const entries: Raw[] = [
      [{ name: './', type: 'directory' }],
      file('./src/index.js'),
      file('node_modules/tool/cli.js'),
      symlink('node_modules/.bin/tool', '../tool/cli.js'),
      symlink('latest', 'src'),
      symlink('not-built-yet', 'dist/index.js'),
      file('with space and ünïcödé 🚀'),
      file('..hidden'),
      file('a..b/c'),
      file(`${'long-'.repeat(40)}name`),
    ];
    await right(build(stream(await rawTar(entries))));
  });

  test('may come in chunks of any size', async () => {
    const { build } = await fresh();
    const tar = await collect(tarOf({ a: 'x'.repeat(3000), b: 'y' }));
    const whole = await right(build(stream(tar)));
    const bytes = Array.from(tar, (byte) => Uint8Array.of(byte));
    const crumbs = await right(build(stream(...bytes)));
    expect(crumbs.image.digest).toBe(whole.image.digest);
  });

  test('may be large: what waits for room does not pile up', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => warnings.push(name);
    process.on('warning', note);
    const { build } = await freshWith({ ...limits, bytesMax: 100_000_000 });
    const tar = await collect(tarOf({ large: Buffer.alloc(20_000_000, 'x') }));
    const chunks = Array.from({ length: Math.ceil(tar.length / 65_536) }, (_, i) =>
      tar.subarray(i * 65_536, (i + 1) * 65_536),
    );
    await right(build(stream(...chunks)));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  test('is whole or no tree, wherever its stream ends', async () => {
    const { build, directory } = await fresh();
    const tar = await collect(tarOf({ a: 'one', b: '\0'.repeat(2000), c: 'three' }));
    const cuts = Array.from({ length: tar.length / 256 - 2 }, (_, i) => i * 256);
    for (const cut of cuts) {
      expect(await left(build(stream(tar.subarray(0, cut))))).toMatchObject({ kind: 'transient' });
    }
    expect(await readdir(join(directory, 'images'))).toEqual([]);
    await right(build(stream(tar)));
  });
});
