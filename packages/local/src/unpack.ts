/** Takes a tar stream apart into a folder, and nowhere else. */
import { createWriteStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CancelSignal, PortError } from '@recourse/core';
import { type Extract, extract } from 'tar-stream';
import { codeOf, Failure } from './failure.ts';
import { leavesTree } from './links.ts';

export type UnpackLimits = Readonly<{ entriesMax: number; bytesMax: number; depthMax: number }>;

export const defaultLimits: UnpackLimits = { entriesMax: 200_000, bytesMax: 4 * 1024 ** 3, depthMax: 100 };

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/** What a stream may do wrong: it is not a tree that can be taken apart here (`refused`), or it ended too early. */
export type UnpackProblems = Readonly<{
  refused: (why: string) => PortError;
  brokenOff: (cause: unknown) => PortError;
  cancelled: () => PortError;
}>;

export type UnpackOptions = Readonly<{ limits: UnpackLimits; problems: UnpackProblems; signal: CancelSignal }>;

/**
 * Files and folders are written as they come. Links are made when everything else is there, so that nothing is ever
 * written through one, and only if they lead to a place inside the folder.
 */
export const unpack = async (
  source: AsyncIterable<Uint8Array>,
  folder: string,
  options: UnpackOptions,
): Promise<void> => {
  const { limits, problems } = options;
  const refuse = (why: string): never => {
    throw new Failure(problems.refused(why));
  };
  const links = new Map<string, string>();
  let entries = 0;
  let bytes = 0;

  for await (const entry of entriesOf(source, options)) {
    const { name, type, size = 0, linkname } = entry.header;
    entries += 1;
    bytes += size;
    if (entries > limits.entriesMax) refuse(`It has more than ${limits.entriesMax} files.`);
    if (bytes > limits.bytesMax) refuse(`It has more than ${limits.bytesMax} bytes.`);
    const path = insidePath(name, limits.depthMax) ?? refuse(`The path ${quote(name)} is not one inside the tree.`);
    if (path === '' && type !== 'directory') refuse('Its root is not a folder.');

    if (type === 'symlink') links.set(path, linkname ?? '');
    else if (type !== 'file' && type !== 'directory') refuse(`${quote(path)} is a ${type}, not a file.`);
    else {
      await write(entry, join(folder, path))
        .catch((cause: unknown) => {
          inTar(problems)(cause);
          throw cause;
        })
        .catch(conflictOr((why) => refuse(`${quote(path)}: ${why}`)));
    }
    entry.resume();
  }
  for (const [path, target] of links) {
    if (target === '' || leavesTree(path, links)) refuse(`The link ${quote(path)} leads out of the tree.`);
    await mkdir(dirname(join(folder, path)), { recursive: true })
      .then(() => symlink(target, join(folder, path)))
      .catch(conflictOr((why) => refuse(`${quote(path)}: ${why}`)));
  }
};

/** The path with `/` and without `.`; null if it is absolute, climbs, or no file system could keep it apart. */
export const insidePath = (name: string, depthMax: number): string | null => {
  if (name.startsWith('/') || name.includes('\0') || name.includes('\ufffd')) return null;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > depthMax || parts.some((part) => part === '..' || Buffer.byteLength(part) > 255)) return null;
  return parts.join('/');
};

async function* entriesOf(
  source: AsyncIterable<Uint8Array>,
  { problems, signal }: UnpackOptions,
): AsyncGenerator<Entry> {
  const entries = extract();
  const cancel = () => entries.destroy(new Failure(problems.cancelled()));
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  const fed = feed(marked(source, problems), entries);
  try {
    yield* entries;
    await fed;
  } catch (cause) {
    inTar(problems)(cause);
    throw new Failure(problems.refused('It is not a tar stream.'));
  } finally {
    signal.removeEventListener('abort', cancel);
    entries.destroy();
  }
}

/** Gives the stream to the reader at the reader's pace, and lets go of it when the reader stops. Never rejects. */
const feed = async (source: AsyncIterable<Uint8Array>, entries: Extract): Promise<void> => {
  try {
    for await (const chunk of source) {
      if (entries.destroyed) return;
      if (!entries.write(chunk)) await roomIn(entries);
    }
    entries.end(null);
  } catch (cause) {
    entries.destroy(cause instanceof Error ? cause : new Error(String(cause)));
  }
};

const roomIn = (entries: Extract): Promise<void> =>
  new Promise((resolve) => {
    entries.once('drain', () => resolve());
    entries.once('close', () => resolve());
  });

/** The same stream, whose own failure can be told from those of what reads it. */
async function* marked(source: AsyncIterable<Uint8Array>, { brokenOff }: UnpackProblems): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    throw new Failure(brokenOff(cause));
  }
}

/** A stream that ends in the middle shows as these, wherever it is noticed first. */
const inTar =
  ({ brokenOff }: UnpackProblems) =>
  (cause: unknown): void => {
    if (cause instanceof Failure) throw cause;
    const early = cause instanceof Error && /^(Unexpected end of data|Premature close)$/.test(cause.message);
    if (early) throw new Failure(brokenOff(cause));
  };

const write = async (entry: Entry, path: string): Promise<void> => {
  if (entry.header.type === 'directory') {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  const mode = (entry.header.mode ?? 0) & 0o111 ? 0o755 : 0o644;
  await pipeline(Readable.from(entry), createWriteStream(path, { flags: 'wx', mode }));
};

/** What two entries of one tree can do to each other; everything else is not the tree's fault. */
const conflictOr =
  (refuse: (why: string) => never) =>
  (cause: unknown): never => {
    const code = codeOf(cause);
    if (code === 'EEXIST' || code === 'EISDIR') return refuse('there is already something of that name.');
    if (code === 'ENOTDIR') return refuse('it is inside of something that is not a folder.');
    if (code === 'ENAMETOOLONG') return refuse('its name is too long for this system.');
    throw cause;
  };

const quote = (path: string) => JSON.stringify(path.slice(0, 200));
