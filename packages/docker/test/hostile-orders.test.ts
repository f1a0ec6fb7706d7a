/**
 * Trees, Dockerfiles and references that mean harm. At the socket is no engine but somebody who says that there is
 * nothing, and writes down whatever else is asked: each of these is refused before anything is built, pulled or made.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildInputs, ImageReference } from '@recourse/core';
import { dockerEngine } from '@recourse/docker';
import { left } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Header, pack } from 'tar-stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { buildOrder, never, quiet } from './orders.ts';

type Entry = Partial<Header> & Readonly<{ name: string }> & Readonly<{ content?: string | Buffer }>;

async function* tree(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const { content = '', ...header } of entries) tar.entry(header, content);
  tar.finalize();
  for await (const chunk of tar) yield Buffer.from(chunk as Uint8Array);
}

/** The socket of nobody, and what nobody was asked to change. */
const nobody = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-nobody-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const asked: string[] = [];
  const server = createServer(({ method = '', url = '' }, response) => {
    if (method !== 'GET') asked.push(`${method} ${url}`);
    const lists = /^\/(?:v[\d.]+\/)?(?:images|containers)\/json/.test(url);
    response.writeHead(lists ? 200 : 404, { 'content-type': 'application/json' });
    response.end(lists ? '[]' : '{"message":"no such thing"}');
  });
  const socketPath = join(folder, 'docker.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { engine: dockerEngine({ socketPath, treeBytesMax: 1 << 21 }), asked, folder };
};

const mark = `/tmp/recourse-escaped-${process.pid}`;

const expectRefusedTree = async (
  inputs: BuildInputs,
  entries: readonly Entry[] | AsyncIterable<Uint8Array>,
  why: RegExp,
) => {
  const { engine, asked, folder } = await nobody();
  const source = Array.isArray(entries) ? tree(entries) : (entries as AsyncIterable<Uint8Array>);
  const error = await left(engine.builder.build(buildOrder(inputs), TE.right(source), quiet()));
  expect(error.message).toMatch(why);
  expect(error.message.length).toBeLessThan(1_200);
  expect(error.message).not.toMatch(/\p{Cc}|\p{Cs}/u);
  expect(asked).toEqual([]);
  expect(existsSync(mark)).toBe(false);
  expect(await readdir(folder)).toEqual(['docker.sock']);
  return error;
};

const by = (dockerfile: string) => ({ preset: 'dockerfile', dockerfile }) as BuildInputs;
const files = (directory: string) => ({ preset: 'static', directory, runnable: false }) as BuildInputs;
const file = (name: string, content: string | Buffer = 'x'): Entry => ({ name, content });
const dockerfile = file('Dockerfile', 'FROM scratch');
const link = (name: string, linkname: string): Entry => ({ name, linkname, type: 'symlink' });

const trees: readonly (readonly [string, readonly Entry[], RegExp])[] = [
  ['a path that climbs', [dockerfile, file('../escaped')], /outside/],
  ['a path that climbs late', [dockerfile, file('a/b/../../../escaped')], /outside/],
  ['a path that is the parent', [dockerfile, { name: '..', type: 'directory' }], /outside/],
  ['a path from the root', [dockerfile, file(mark)], /outside/],
  ['a path from the root, twice', [dockerfile, file(`/${mark}`)], /outside/],
  ['a long path that climbs', [dockerfile, file(`${'d/'.repeat(100)}${'../'.repeat(101)}x`)], /outside/],
  ['a long path that climbs, in another header', [dockerfile, { name: 'a', pax: { path: '../escaped' } }], /outside/],
  ['a path of 10 kB that climbs', [dockerfile, { name: 'a', pax: { path: `../${'x'.repeat(10_240)}` } }], /outside/],
  ['a path with a line break that climbs', [dockerfile, file('../a\nb')], /outside/],
  ['a hard link', [dockerfile, { name: 'a', linkname: 'Dockerfile', type: 'link' }], /has a link/],
  ['a hard link to outside', [dockerfile, { name: 'a', linkname: '/etc/shadow', type: 'link' }], /has a link/],
  ['a device', [dockerfile, { name: 'a', type: 'character-device', devmajor: 1, devminor: 3 }], /character-device/],
  ['a disk', [dockerfile, { name: 'a', type: 'block-device', devmajor: 8, devminor: 0 }], /block-device/],
  ['a pipe', [dockerfile, { name: 'a', type: 'fifo' }], /fifo/],
  ['what is contiguous', [dockerfile, { name: 'a', type: 'contiguous-file' }], /contiguous/],
  ['more than there may be', [dockerfile, file('a', Buffer.alloc(3 << 20))], /larger than 2097152 bytes/],
  ['a Dockerfile that is a link', [link('Dockerfile', '/etc/shadow')], /symbolic link/],
  ['a Dockerfile that is a link inside', [link('Dockerfile', 'other'), file('other')], /symbolic link/],
  ['a Dockerfile that is a folder', [{ name: 'Dockerfile', type: 'directory' }], /no file Dockerfile/],
  ['no Dockerfile', [file('dockerfile')], /no file Dockerfile/],
  ['two Dockerfiles', [dockerfile, dockerfile], /twice/],
  ['two Dockerfiles, otherwise written', [dockerfile, file('.//Dockerfile')], /twice/],
  ['two Dockerfiles, by a detour', [dockerfile, file('x/../Dockerfile')], /twice/],
  ['two Dockerfiles, one in another header', [dockerfile, { name: 'a', pax: { path: 'Dockerfile' } }], /twice/],
  ['a Dockerfile and a link of its name', [dockerfile, link('Dockerfile', '/etc/shadow')], /twice/],
  ['a Dockerfile of more than a megabyte', [file('Dockerfile', `#${' '.repeat(1 << 20)}`)], /larger than/],
  [
    'an ignore file of more than a megabyte',
    [dockerfile, file('.dockerignore', Buffer.alloc((1 << 20) + 1))],
    /larger/,
  ],
];

describe('a tree with', () => {
  test.each(trees)('%s is refused', async (_, entries, why) => {
    expect(await expectRefusedTree(by('Dockerfile'), entries, why)).toMatchObject({
      kind: 'permanent',
      code: 'builder/refused',
    });
  });

  test.each([
    ['a folder that is a link', [link('deploy', '/etc'), file('deploy/Dockerfile')], /deploy is a symbolic link/],
    ['a folder that is a link, late', [file('deploy/Dockerfile'), link('deploy', '/etc')], /deploy is a symbolic link/],
    ['a folder that is a file', [file('deploy')], /no file deploy\/Dockerfile/],
  ])('%s is refused as the way to a Dockerfile', async (_, entries, why) => {
    await expectRefusedTree(by('deploy/Dockerfile'), entries, why);
  });

  test.each([
    ['a link for its site', [link('dist', '/etc')], /no files in dist/],
    ['a site of folders', [{ name: 'dist/a', type: 'directory' as const }], /no files in dist/],
    ['another site', [file('distant/index.html')], /no files in dist/],
    ['a site that climbs', [file('dist/../../index.html')], /outside/],
    ['a site with a device', [{ name: 'dist/a', type: 'block-device' as const }], /block-device/],
  ])('%s is refused', async (_, entries, why) => {
    await expectRefusedTree(files('dist'), entries, why);
  });

  test.each([
    ['a Dockerfile above', by('../Dockerfile')],
    ['a Dockerfile from the root', by('/etc/passwd')],
    ['a Dockerfile that climbs late', by('a/../../Dockerfile')],
    ['nothing for a Dockerfile', by('')],
    ['a site above', files('..')],
    ['a site from the root', files('/etc')],
  ])('%s, whatever the types say, is refused', async (_, inputs) => {
    await expectRefusedTree(inputs, [dockerfile, file('etc/passwd')], /There (?:is|are) no file/);
  });

  test.each([
    ['a command', { preset: 'command', build: null, start: ['x'] } as BuildInputs, /local builder/],
    ['an image', { preset: 'image' } as BuildInputs, /nothing to build/],
  ])('%s to build is refused', async (_, inputs, why) => {
    await expectRefusedTree(inputs, [dockerfile], why);
  });
});

describe('a stream that', () => {
  const whole = async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of tree([dockerfile, file('a', 'b'.repeat(5_000))])) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const changed = async (at: number, bytes: string | Buffer) => {
    const tar = await whole();
    Buffer.from(bytes).copy(tar, at);
    return tar;
  };
  async function* given(bytes: Promise<Buffer> | Buffer): AsyncGenerator<Uint8Array> {
    yield await bytes;
  }

  test.each([
    ['is no tar', Buffer.alloc(4_096, 'x')],
    ['is a zip', Buffer.from(`PK\x03\x04${'\0'.repeat(2_000)}`)],
    ['is cut in a header', whole().then((tar) => tar.subarray(0, 300))],
    ['is cut in a file', whole().then((tar) => tar.subarray(0, 3_000))],
    ['claims a file of 8 GB', changed(124, '77777777777')],
    ['claims a file of less than nothing', changed(124, '-0000000001')],
    ['claims a size that is no number', changed(124, 'zzzzzzzzzzz')],
    ['has another sum', changed(148, '0000000')],
  ])('%s is neither built nor taken for a smaller tree', async (_, bytes) => {
    await expectRefusedTree(by('Dockerfile'), given(bytes), /tree broke off|not possible here/);
  });
});

const frontends = [
  '# syntax=evil/x\nFROM scratch',
  '#syntax=evil/x\nFROM scratch',
  '# SYNTAX = evil/x\nFROM scratch',
  '  #  syntax  =  evil/x  \nFROM scratch',
  '\t# syntax=evil/x\nFROM scratch',
  '\uFEFF# syntax=evil/x\nFROM scratch',
  '\n\n# a comment\n# syntax=evil/x\nFROM scratch',
  '# escape=`\n# syntax=evil/x\nFROM scratch',
  '# check=skip=all\n# syntax=evil/x\nFROM scratch',
  '# syntax=evil/x\r\nFROM scratch',
  '# syntax=evil/x\rFROM scratch',
  '# a\r# syntax=evil/x\rFROM scratch',
  '#!/usr/bin/env x\n# syntax=evil/x\nFROM scratch',
  '#!/usr/bin/env x\n// syntax=evil/x\nFROM scratch',
  '// syntax=evil/x\n{}',
  '{ "syntax": "evil/x" }',
  '\n{ "a": 1,\n "syntax" : "evil/x" }',
  '# syntax=good/x@sha256:1\n# syntax=evil/x\nFROM scratch',
  '# syntax=docker/dockerfile:1\nFROM scratch',
  '# syntax=docker/dockerfile:1@sha256:evil/x\nFROM scratch',
  `# syntax=evil/x${'x'.repeat(100_000)}\nFROM scratch`,
  '# syntax=evil/x\u001b[2J\nFROM scratch',
];

describe('a Dockerfile that asks for a program to read it', () => {
  test.each(frontends.map((content) => [JSON.stringify(content).slice(0, 60), content] as const))(
    '%s is refused',
    async (_name, content) => {
      const refused = await expectRefusedTree(by('Dockerfile'), [file('Dockerfile', content)], /not allowed/);
      expect(refused).toMatchObject({ kind: 'permanent', code: 'builder/refused' });
    },
  );
});

const references = [
  '',
  ' ',
  '--all-tags',
  '../containers/json',
  'a/../../containers/json',
  'shop/./x',
  'a//b',
  '/shop',
  'shop/',
  'shop?force=1',
  'shop#x',
  'shop%2e%2e',
  'shop%00',
  'http://169.254.169.254/x',
  'shop:v1/x',
  'shop:-x',
  'shop:',
  'shop@',
  'shop@sha256:abc',
  `shop@sha512:${'a'.repeat(64)}`,
  `shop@sha256:${'a'.repeat(64)}:v1`,
  `shop@sha256:${'A'.repeat(64)}`,
  'Shop',
  'größe',
  'shop v1',
  'shop\nx',
  'shop\0',
  'shop\r\nx-registry-auth: x',
  'a'.repeat(64),
  'x'.repeat(10_240),
  `registry:99999999/${'/'.repeat(500)}`,
];

describe('a reference', () => {
  test.each(references.map((text) => [JSON.stringify(text).slice(0, 60), text] as const))(
    '%s is refused, and nobody is asked for anything',
    async (_name, text) => {
      const { engine, asked } = await nobody();
      const error = await left(engine.images.resolve(text as ImageReference, never()));
      expect(error).toMatchObject({ kind: 'permanent', code: 'images/not-found' });
      expect(error.message).toContain('not a reference');
      expect(error.message.length).toBeLessThan(400);
      expect(asked).toEqual([]);
    },
  );
});
