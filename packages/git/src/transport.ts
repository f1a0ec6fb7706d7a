/** Which ways to a repository there are, and which URLs git may be given at all. Decided before any process starts. */
import { type PortError, RepositoryUrl } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { refused } from './failures.ts';

export type Transport = 'https' | 'http' | 'ssh' | 'git' | 'file';

/** A URL that was checked, in the caller's own spelling. */
export type Remote = Readonly<{ url: RepositoryUrl; transport: Transport }>;

const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\\.?|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?';
const user = '[A-Za-z0-9_][A-Za-z0-9._-]*@';
const path = '/[^\\s\\\\?#]+';

/** Narrow on purpose: what git would make of an odd URL is not worth finding out. */
const forms: readonly (readonly [Transport, RegExp])[] = [
  ['https', new RegExp(`^https://${host}${path}$`)],
  ['http', new RegExp(`^http://${host}${path}$`)],
  ['git', new RegExp(`^git://${host}${path}$`)],
  ['ssh', new RegExp(`^ssh://(?:${user})?${host}${path}$`)],
  // The short form, `git@host:path`. Without a user it could be a file name, so it needs one.
  ['ssh', new RegExp(`^${user}[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?:(?![-:])[^\\s\\\\?#]+$`)],
  ['file', new RegExp(`^file://${path}$`)],
];

/** Line ends and NUL have no place in a path; percent-encoded they have reached credential helpers before. */
const hidesControl = /%(?:[01][0-9a-f]|7f)/i;

export const checkRemote = (repository: RepositoryUrl, allowed: readonly Transport[]): E.Either<PortError, Remote> => {
  const url = RepositoryUrl.safeParse(repository);
  if (!url.success) return refuse(url.error.issues[0]?.message ?? 'it is not a URL');

  const transport = forms.find(([, form]) => form.test(url.data))?.[0];
  if (transport === undefined || hidesControl.test(url.data)) {
    return refuse(
      'it must be like https://host/path, ssh://user@host/path or user@host:path, its scheme in lower case',
    );
  }
  if (!allowed.includes(transport)) {
    return refuse(`the transport "${transport}" is not allowed, only ${allowed.join(', ')} (allowedTransports)`);
  }
  return E.right({ url: url.data, transport });
};

/** Never shows the URL: a refused one may have a password in it, in a place where nobody looks for one. */
const refuse = (reason: string) => E.left(refused(`The repository URL is refused before git is asked: ${reason}.`));
