/** A process of its own that reads trees: `reader.ts <cacheDirectory> <url> <commit>...`. Prints each tree's hash. */
import { createHash } from 'node:crypto';
import { CommitId, RepositoryUrl } from '@recourse/core';
import { gitSources } from '@recourse/git';

const [cacheDirectory = '', url, ...commits] = process.argv.slice(2);
const sources = gitSources({ cacheDirectory, allowedTransports: ['file', 'http'] });

const read = async (commit: string) => {
  const tree = await sources.tree(RepositoryUrl.parse(url), CommitId.parse(commit), new AbortController().signal)();
  if (tree._tag === 'Left') throw new Error(`${tree.left.code}: ${tree.left.message}`);
  const hash = createHash('sha256');
  for await (const chunk of tree.right) hash.update(chunk);
  return hash.digest('hex');
};

console.log(JSON.stringify(await Promise.all(commits.map(read))));
