/** An origin on this disk, an adapter for it, and a look at what is in a tree. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { CommitId, RepositoryUrl, Sources } from '@recourse/core';
import { type GitSourcesOptions, gitSources } from '@recourse/git';
import { right, untar } from '@recourse/testing';
import { makeOrigin, temporaryFolder } from './origin.ts';

export const opened = async (options: Partial<GitSourcesOptions> = {}) => {
  const folder = await temporaryFolder();
  const origin = await makeOrigin(join(folder, 'origin', 'shop.git'));
  const cacheDirectory = join(folder, 'cache');
  const sources = gitSources({ cacheDirectory, allowedTransports: ['file', 'http'], ...options });
  return { folder, origin, cacheDirectory, sources };
};

const signal = new AbortController().signal;

export const tarOf = async (sources: Sources, repository: RepositoryUrl, commit: CommitId): Promise<Buffer> =>
  buffer(await right(sources.tree(repository, commit, signal)));

export const entriesOf = async (sources: Sources, repository: RepositoryUrl, commit: CommitId) =>
  untar(await tarOf(sources, repository, commit));

/** Every file under a folder, by its path from there. */
export const filesUnder = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
};
