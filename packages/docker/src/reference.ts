/** References to images, by Docker's grammar. What does not follow it never becomes part of a request. */

export type Reference = Readonly<{
  repository: string;
  /** `:tag` or `@sha256:…`. */
  identifier: string;
}>;

const HOST = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?';
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const TAG = ':[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}';
const DIGEST = '@sha256:[0-9a-f]{64}';
/** The engine's own limit of 255 counts what it puts in front of a short name. */
const REPOSITORY_MAX = 230;
/** The engine would take such a name for an id. */
const ID = /^[0-9a-f]{64}$/;
const GRAMMAR = new RegExp(`^(${HOST}${COMPONENT}(?:/${COMPONENT})*)(?:(${TAG})?(${DIGEST})|(${TAG}))?$`);

/** Null if it is none. A tag beside a digest says nothing and is left out; neither means `latest`. */
export const parseReference = (text: string): Reference | null => {
  const [, repository, , digest, tag] = GRAMMAR.exec(text) ?? [];
  if (repository === undefined || repository.length > REPOSITORY_MAX || ID.test(repository)) return null;
  return { repository, identifier: digest ?? tag ?? ':latest' };
};

export const formatReference = ({ repository, identifier }: Reference): string => `${repository}${identifier}`;

/** The first part of a repository names a registry if it looks like a host; if none does, it is Docker's own. */
export const registryOf = ({ repository }: Reference): string => {
  const [first = '', ...more] = repository.split('/');
  return more.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
};
