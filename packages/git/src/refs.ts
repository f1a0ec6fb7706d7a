/** Reads what `git ls-remote` lists. Its patterns match the tails of names, so only an equal name counts. */
import { CommitId, type GitRef } from '@recourse/core';
import { namesOf } from './requests.ts';

/** The commit that `ref` means in this listing: the first name that is there, an annotated tag peeled. */
export const commitOf = (listing: string, ref: GitRef): CommitId | undefined => {
  const listed = new Map(listing.split('\n').map(nameAndId));
  const name = namesOf(ref).find((candidate) => listed.has(candidate));
  if (name === undefined) return undefined;
  return CommitId.safeParse(listed.get(`${name}^{}`) ?? listed.get(name)).data;
};

const nameAndId = (line: string): readonly [string, string] => {
  const [id = '', name = ''] = line.split('\t');
  return [name, id];
};
