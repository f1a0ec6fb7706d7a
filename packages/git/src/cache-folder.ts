/**
 * Where a repository's commits are kept on disk:
 *
 *     <cacheDirectory>/<hash of URL>/lock         whoever writes holds it
 *                                    repo-<name>/ a bare repository, complete since it has this name
 *                                    new-… old-…  one being made, one being removed
 *
 * A repository that is in doubt is never mended: it is thrown away and fetched again under another, later name. A git
 * that was left behind when its parent was killed may go on writing into the old one, and even make its folder again:
 * nobody reads there, since the latest name counts.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitId, PortError } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { unreachable } from './failures.ts';
import { attributes } from './requests.ts';
import type { Remote } from './transport.ts';

/** One per URL and hash algorithm: a bare repository has commits of one kind only. */
export const folderOf = (cacheDirectory: string, { url }: Remote, commit: CommitId): string =>
  join(cacheDirectory, createHash('sha256').update(`${commit.length} ${url}`).digest('hex').slice(0, 40));

export const onDisk = <A>(work: () => Promise<A>): TE.TaskEither<PortError, A> =>
  TE.tryCatch(work, (cause) =>
    unreachable(
      `The git cache cannot be used: ${reasonOf(cause)}. Check cacheDirectory, its rights and its disk.`,
      cause,
    ),
  );

const reasonOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

export const makeFolder = (folder: string): TE.TaskEither<PortError, void> =>
  onDisk(async () => {
    // Sources are nobody else's business.
    await mkdir(folder, { recursive: true, mode: 0o700 });
  });

/** The repository in use, if there is one: names begin with the time of their making. */
export const repositoryIn = (folder: string): TE.TaskEither<PortError, string | undefined> =>
  onDisk(async () => {
    const name = (await namesIn(folder))
      .filter((entry) => entry.startsWith('repo-'))
      .toSorted()
      .at(-1);
    return name === undefined ? undefined : join(folder, name);
  });

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((cause: unknown) => {
    if (isMissing(cause)) return [];
    throw cause;
  });

const isMissing = (cause: unknown) => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';

/** Where to make the next one. Only under the lock, and when no repository is in use: what is there, is left over. */
export const makeRoom = (folder: string): TE.TaskEither<PortError, string> =>
  onDisk(async () => {
    const left = (await namesIn(folder)).filter((name) => /^(?:new|old|repo)-/.test(name));
    await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
    return join(folder, `new-${Date.now()}-${randomUUID()}`);
  });

/** Puts a repository that was just initialised to use. */
export const publish = (made: string, { url }: Remote): TE.TaskEither<PortError, string> =>
  onDisk(async () => {
    await mkdir(join(made, 'info'), { recursive: true });
    await writeFile(join(made, 'info', 'attributes'), attributes);
    // For the person who wonders what this folder is.
    await writeFile(join(made, 'description'), `${url}\n`);
    const published = made.replace(/new-([^/]+)$/, 'repo-$1');
    await rename(made, published);
    return published;
  });

/** Whoever is reading from it gets an error, never wrong bytes. Succeeds if it is gone already. */
export const discard = (repository: string): TE.TaskEither<PortError, void> =>
  onDisk(async () => {
    const doomed = repository.replace(/repo-([^/]+)$/, 'old-$1');
    await rename(repository, doomed).catch((cause: unknown) => {
      if (!isMissing(cause)) throw cause;
    });
    await rm(doomed, { recursive: true, force: true });
  });

/** What a fetch that was ended has received so far; git leaves it behind. Under the lock only. */
export const sweepPartial = (repository: string): TE.TaskEither<PortError, void> =>
  onDisk(async () => {
    const partial = await partialPacks(repository);
    await Promise.all(partial.map((path) => rm(path, { force: true })));
  });

/** Never rejects: what cannot be looked at counts as nothing. */
export const receivedBytes = async (repository: string): Promise<number> => {
  const partial = await partialPacks(repository).catch(() => []);
  const sizes = await Promise.all(
    partial.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};

const partialPacks = async (repository: string): Promise<string[]> => {
  const folder = join(repository, 'objects', 'pack');
  return (await namesIn(folder)).filter((name) => name.startsWith('tmp_')).map((name) => join(folder, name));
};
