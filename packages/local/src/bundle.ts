/** A bundle is an image without an engine: one tar file that says what it is, then the tree. Its SHA-256 names it. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BuildInputs, CommitId, Digest } from '@recourse/core';
import { z } from 'zod';
import { leavesTree } from './links.ts';
import { endOfTar, headerOf, padding, type TarEntry } from './tar-headers.ts';

/** The first entry of a bundle, `recourse.json`. Part of the digest: another commit is another image. */
export const Manifest = z.strictObject({
  format: z.literal(1),
  commit: CommitId,
  inputs: BuildInputs,
  runnable: z.boolean(),
});
export type Manifest = z.infer<typeof Manifest>;

const SMALL_BYTES = 1024 * 1024;

const MANIFEST = 'recourse.json';
const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;
/** Where the tree begins inside the bundle. */
export const TREE = 'tree';
/** The file server of a static bundle that can run by itself. */
export const SERVER = 'static-server.mjs';

export const staticServer: URL = new URL(`../${SERVER}`, import.meta.url);

/** What cannot be in a bundle: a socket, a device, a link that leads out of the tree. */
export class UnsupportedFile extends Error {}

/** Writes the bundle of `tree` to `file`. The same tree and manifest give the same digest, wherever and whenever. */
export const writeBundle = async (manifest: Manifest, tree: string, file: string): Promise<Digest> => {
  const hash = createHash('sha256');
  await pipeline(
    bytesOf(manifest, tree),
    async function* (bytes: AsyncIterable<Uint8Array>) {
      for await (const chunk of bytes) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file, { flags: 'wx' }),
  );
  return digestOf(hash.digest('hex'));
};

/** What the file's bytes really are. */
export const digestOfFile = async (file: string): Promise<Digest> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return digestOf(hash.digest('hex'));
};

export const readManifest = async (file: string): Promise<Manifest> => {
  const handle = await open(file);
  try {
    const header = await read(handle, 0, 512);
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
    if (header.toString('latin1', 0, MANIFEST.length + 1) !== `${MANIFEST}\0` || !(size <= MANIFEST_MAX_BYTES)) {
      throw new Error(`${file} is not a bundle`);
    }
    return Manifest.parse(JSON.parse((await read(handle, 512, size)).toString()));
  } finally {
    await handle.close();
  }
};

const read = async (handle: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error('the bundle ends too early');
  return buffer;
};

async function* bytesOf(manifest: Manifest, tree: string): AsyncGenerator<Uint8Array> {
  yield* content(MANIFEST, Buffer.from(JSON.stringify(manifest)));
  if (manifest.inputs.preset === 'static' && manifest.runnable) yield* content(SERVER, await readFile(staticServer));
  const links = new Map<string, string>();
  yield* folder(tree, TREE, links);
  for (const path of links.keys()) if (leavesTree(path, links)) throw unsupported(path, 'is a link out of the tree');
  yield endOfTar;
}

function* content(path: string, bytes: Buffer): Generator<Uint8Array> {
  yield headerOf({ path, type: 'file', size: bytes.length, executable: false });
  yield bytes;
  yield padding(bytes.length);
}

async function* folder(onDisk: string, path: string, links: Map<string, string>): AsyncGenerator<Uint8Array> {
  yield headerOf({ path, type: 'directory' });
  const children = await readdir(onDisk, { withFileTypes: true });
  // By bytes: the order of a locale is not the same everywhere.
  children.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const child of children) {
    const [from, to] = [join(onDisk, child.name), `${path}/${child.name}`];
    if (child.isDirectory()) yield* folder(from, to, links);
    else if (child.isFile()) yield* file(from, to);
    else if (child.isSymbolicLink()) {
      const target = await readlink(from);
      links.set(insideTree(to), target);
      yield headerOf({ path: to, type: 'symlink', target });
    } else throw unsupported(insideTree(to), 'is neither a file nor a folder nor a link');
  }
}

async function* file(from: string, path: string): AsyncGenerator<Uint8Array> {
  const { size, mode } = await stat(from);
  const entry: TarEntry = { path, type: 'file', size, executable: (mode & 0o111) !== 0 };
  yield headerOf(entry);
  let written = 0;
  // A stream for each of a thousand small files would cost more than reading them.
  for await (const chunk of size <= SMALL_BYTES ? [await readFile(from)] : createReadStream(from)) {
    written += chunk.length;
    yield chunk;
  }
  if (written !== size) throw new Error(`${path} changed while it was read`);
  yield padding(size);
}

const insideTree = (path: string) => path.slice(TREE.length + 1);

const unsupported = (path: string, why: string) => new UnsupportedFile(`${JSON.stringify(path)} ${why}.`);

const digestOf = (hex: string): Digest => Digest.parse(`sha256:${hex}`);
