/** What the engine is sent to build from. Made of the source tree; no file of the user's can be taken for one of ours. */
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import dockerignore from '@balena/dockerignore';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { namedFrontends } from './dockerfile.ts';
import { SITE } from './file-server.ts';
import { plainText } from './plain-text.ts';
import { type Entry, entryName, innerPath, RefusedTree, type TreeFile, tidyPath, type Wanted } from './tree-file.ts';

export type Context = Readonly<{ dockerfile: string; tar: Readable }>;

/** A file that is added to what the tree brings. */
export type AddedFile = Readonly<{ name: string; mode: number; content: Buffer }>;

const IGNORE = '.dockerignore';
/** Of a name that is told. */
const FRONTEND_MAX = 200;

export const wantedForDockerfile = (dockerfile: string): Wanted => {
  const path = tidyPath(dockerfile);
  return { paths: [...pathsTo(path), `${path}${IGNORE}`, IGNORE], folder: null };
};

/** `a`, `a/b`, `a/b/c`. */
const pathsTo = (path: string): readonly string[] => {
  const parent = posix.dirname(path);
  return parent === '.' || parent === path ? [path] : [...pathsTo(parent), path];
};

/** Throws a RefusedTree. */
export const dockerfileContext = (tree: TreeFile, dockerfile: string, allowedSyntax: readonly string[]): Context => {
  const path = tidyPath(dockerfile);
  for (const step of pathsTo(path)) {
    const type = tree.found.get(step)?.type;
    if (type === 'symlink')
      throw new RefusedTree(`${step} is a symbolic link, which a Dockerfile must not be reached by.`);
    if (step === path && type !== 'file') throw new RefusedTree(`There is no file ${path}.`);
  }
  const content = tree.found.get(path)?.content ?? '';
  const refused = namedFrontends(content).find((name) => !allowedSyntax.includes(name));
  if (refused !== undefined) {
    const name = plainText(refused, FRONTEND_MAX);
    throw new RefusedTree(`${path} asks for the frontend "${name}", which is not allowed. Remove its syntax line.`);
  }
  const ignored = tree.found.get(`${path}${IGNORE}`) ?? tree.found.get(IGNORE);
  if (ignored?.type !== 'file') return { dockerfile: path, tar: tree.read() };

  // The engine does not look at it when it is sent a tar; the docker command does so itself.
  const rules = dockerignore.default().add(ignored.content);
  const keep = (name: string) => name === path || name === '.' || !rules.ignores(name);
  return { dockerfile: path, tar: repack(tree, [], (header, name) => (keep(name) ? header : null)) };
};

export const wantedForStatic = (directory: string): Wanted => ({ paths: [], folder: tidyPath(directory) });

/** Throws a RefusedTree. */
export const staticContext = (tree: TreeFile, directory: string, added: readonly AddedFile[]): Context => {
  const folder = tidyPath(directory);
  if (tree.insideFolder === 0) throw new RefusedTree(`There are no files in ${directory}.`);
  const place = (header: Header, name: string): Header | null => {
    const inner = innerPath(name, folder);
    return inner === null ? null : { ...header, name: `${SITE}/${inner}`, mode: readable(header) };
  };
  return { dockerfile: 'Dockerfile', tar: repack(tree, added, place) };
};

/** The server runs as nobody, whatever the tree says of who may read. */
const readable = ({ type, mode }: Header): number => (type === 'directory' || (mode & 0o100) !== 0 ? 0o755 : 0o644);

/** Each entry under the header that `place` gives it, or not at all. */
const repack = (
  tree: TreeFile,
  added: readonly AddedFile[],
  place: (header: Header, name: string) => Header | null,
): Readable => {
  const out = pack();
  const write = async () => {
    for (const { name, mode, content } of added) out.entry({ name, mode }, content);
    for await (const entry of tree.read().pipe(extract())) {
      const header = place(entry.header, entryName(entry.header));
      if (header === null) entry.resume();
      else await copy(out, header, entry);
    }
    out.finalize();
  };
  write().catch((error: Error) => out.destroy(error));
  return Readable.from(out);
};

const copy = (out: Pack, header: Header, entry: Entry): Promise<void> =>
  new Promise((resolve, reject) => {
    const sink = out.entry(header, (error) => (error ? reject(error) : resolve()));
    if (sink === undefined || header.type !== 'file') entry.resume();
    else entry.pipe(sink);
  });
