/** Takes a tar stream apart into a folder, and nowhere else. */
import { mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CancelSignal } from '@recourse/core';
import { codeOf, Failure } from './failure.ts';
import { leavesTree } from './links.ts';
import { type Entry, entriesOf, type TarProblems, tarFailure } from './tar-entries.ts';

export type UnpackLimits = Readonly<{ entriesMax: number; bytesMax: number; depthMax: number }>;

export const defaultLimits: UnpackLimits = { entriesMax: 200_000, bytesMax: 4 * 1024 ** 3, depthMax: 100 };

export type UnpackOptions = Readonly<{ limits: UnpackLimits; problems: TarProblems; signal: CancelSignal }>;

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
    entries += 1;
    bytes += entry.header.size;
    if (entries > limits.entriesMax) refuse(`It has more than ${limits.entriesMax} files.`);
    if (bytes > limits.bytesMax) refuse(`It has more than ${limits.bytesMax} bytes.`);
    const path = pathOf(entry, limits, refuse);
    if (entry.header.type === 'symlink') links.set(path, entry.header.linkname);
    else {
      await write(entry, join(folder, path)).catch((cause: unknown) => {
        throw tarFailure(cause, problems) ?? conflict(cause, path, problems);
      });
    }
    entry.resume();
  }

  for (const [path, target] of links) {
    if (ancestors(path).some((folder) => links.has(folder))) refuse(`The link ${quote(path)} is behind another link.`);
    if (!target || leavesTree(path, links)) refuse(`The link ${quote(path)} leads out of the tree.`);
    await makeLink(target, join(folder, path)).catch((cause: unknown) => {
      throw conflict(cause, path, problems);
    });
  }
};

/** The path with `/` and without `.`; null if it is absolute, climbs, or no file system could keep it apart. */
export const insidePath = (name: string, depthMax: number): string | null => {
  // A replacement character was a byte that is not UTF-8: two such names would become one.
  if (name.startsWith('/') || name.includes('\0') || name.includes('\ufffd')) return null;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > depthMax || parts.some((part) => part === '..' || Buffer.byteLength(part) > 255)) return null;
  return parts.join('/');
};

const pathOf = ({ header }: Entry, { depthMax }: UnpackLimits, refuse: (why: string) => never): string => {
  const { name, type } = header;
  const path = insidePath(name, depthMax) ?? refuse(`The path ${quote(name)} is not one inside the tree.`);
  if (type !== 'file' && type !== 'directory' && type !== 'symlink') refuse(`${quote(path)} is a ${type}, not a file.`);
  if (path === '' && type !== 'directory') refuse('Its root is not a folder.');
  return path;
};

/** `a/b/c` is in `a` and `a/b`. */
const ancestors = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, i, parts) => parts.slice(0, i + 1).join('/'));

const write = async (entry: Entry, path: string): Promise<void> => {
  if (entry.header.type === 'directory') {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx', entry.header.mode & 0o111 ? 0o755 : 0o644);
  try {
    for await (const chunk of bytesOf(entry)) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
};

/** The library types its chunks as unknown; a tar's are bytes. */
async function* bytesOf(entry: Entry): AsyncGenerator<Uint8Array> {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
}

const makeLink = async (target: string, path: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
};

const conflicts = new Map([
  ['EEXIST', 'there is already something of that name.'],
  ['EISDIR', 'there is already something of that name.'],
  ['ENOTDIR', 'it is inside of something that is not a folder.'],
  ['ENAMETOOLONG', 'its path is too long for this system.'],
]);

/** What two entries of one tree can do to each other; everything else is not the tree's fault. */
const conflict = (cause: unknown, path: string, { refused }: TarProblems): unknown => {
  const why = conflicts.get(codeOf(cause) ?? '');
  return why === undefined ? cause : new Failure(refused(`${quote(path)}: ${why}`));
};

const quote = (path: string) => JSON.stringify(path.slice(0, 200));
