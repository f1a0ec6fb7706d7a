/**
 * A source tree, kept in a file without a name while it is looked at and sent: what is wrong with it is known before
 * the engine hears of it, and nothing is left behind whatever happens.
 */
import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { CancelSignal } from '@recourse/core';
import { type Extract, extract, type Header } from 'tar-stream';

/** What to look for on the way: a few files, whose content is kept, and how much there is inside of a folder. */
export type Wanted = Readonly<{ paths: readonly string[]; folder: string | null }>;

export type TreeFile = Readonly<{
  found: ReadonlyMap<string, Readonly<{ type: string; content: string }>>;
  insideFolder: number;
  /** The tar as it came, from its beginning. */
  read(): Readable;
  close(): Promise<void>;
}>;

/** The tree cannot be built here, whoever tries. The message says why. */
export class RefusedTree extends Error {}

/** The caller's signal. */
export class CancelledTree extends Error {}

const CONTENT_MAX = 1024 * 1024;

/** Rejects with one of these two errors, or with whatever made the tree break off. */
export const keepTree = async (
  tree: AsyncIterable<Uint8Array>,
  wanted: Wanted,
  limits: Readonly<{ bytesMax: number; signal: CancelSignal }>,
): Promise<TreeFile> => {
  const path = join(tmpdir(), `recourse-tree-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const entries = extract();
    const [{ found, insideFolder }] = await Promise.all([
      look(entries, wanted),
      feed(entries, untilAborted(tree, limits.signal), limits.bytesMax, (chunk) => file.appendFile(chunk)),
    ]);
    const read = () => file.createReadStream({ start: 0, autoClose: false });
    return { found, insideFolder, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
};

const look = async (entries: Extract, { paths, folder }: Wanted) => {
  const found = new Map<string, { type: string; content: string }>();
  let insideFolder = 0;
  for await (const entry of entries) {
    const name = entryName(entry.header);
    const type = entry.header.type ?? 'file';
    if (!['file', 'directory', 'symlink'].includes(type)) throw new RefusedTree(`It has a ${type}, ${name}.`);
    if (folder !== null && type !== 'directory' && innerPath(name, folder) !== null) insideFolder++;
    if (!paths.includes(name)) {
      entry.resume();
      continue;
    }
    // Which of two the engine would take is not for us to guess.
    if (found.has(name)) throw new RefusedTree(`It has ${name} twice.`);
    if ((entry.header.size ?? 0) > CONTENT_MAX) throw new RefusedTree(`${name} is larger than ${CONTENT_MAX} bytes.`);
    found.set(name, { type, content: await text(entry) });
  }
  return { found, insideFolder };
};

export type Entry = Extract extends AsyncIterable<infer A> ? A : never;

/** Without what does not matter: `./a//b/` is `a/b`. */
export const tidyPath = (path: string): string => posix.normalize(path).replace(/^\.\/|\/$/g, '');

export const entryName = ({ name }: Header): string => {
  const tidy = tidyPath(name);
  if (tidy.startsWith('/') || tidy === '..' || tidy.startsWith('../')) {
    throw new RefusedTree(`It has an entry outside of it, ${name}.`);
  }
  return tidy;
};

/** The path as seen from the folder, null if it is not inside. The folder `.` has everything inside. */
export const innerPath = (path: string, folder: string): string | null => {
  if (folder === '.') return path;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
};

const feed = async (
  entries: Extract,
  tree: AsyncIterable<Uint8Array>,
  bytesMax: number,
  keep: (chunk: Uint8Array) => Promise<void>,
): Promise<void> => {
  let size = 0;
  try {
    for await (const chunk of tree) {
      size += chunk.length;
      if (size > bytesMax) throw new RefusedTree(`It is larger than ${bytesMax} bytes.`);
      await keep(chunk);
      if (entries.destroyed) return;
      if (!entries.write(chunk)) await drained(entries);
    }
    entries.end(null);
  } catch (error) {
    entries.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
};

const drained = (entries: Extract): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      entries.off('drain', done);
      entries.off('close', done);
      resolve();
    };
    entries.on('drain', done);
    entries.on('close', done);
  });

/** Also when the source is silent. The iteration is ended in any case. */
async function* untilAborted(tree: AsyncIterable<Uint8Array>, signal: CancelSignal): AsyncGenerator<Uint8Array> {
  const chunks = tree[Symbol.asyncIterator]();
  let abort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(new CancelledTree());
  });
  aborted.catch(() => {});
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // Not awaited: a silent source would answer to nothing.
    void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}
