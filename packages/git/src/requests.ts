/**
 * What git is asked, and in which surroundings. Pure. Each switch answers an attack that was seen to work without it
 * or that git was once open to: `test/hostile-*.test.ts` names them.
 */
import type { CommitId, GitRef } from '@recourse/core';
import type { Identity } from './credentials.ts';
import type { Remote, Transport } from './transport.ts';

const settings: Identity['config'] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['safe.bareRepository', 'explicit'],
  ['credential.helper', ''],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  // Refuses trees with entries such as `..`, `.git` or `a/b`: they would otherwise be paths in the tar.
  ['fetch.fsckObjects', 'true'],
  // Always a pack: complete under its name or not there at all.
  ['fetch.unpackLimit', '1'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // A redirect could lead to an address inside our own network.
  ['http.followRedirects', 'false'],
  // A connection that is as good as dead ends by itself, also when the process that asked is gone.
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '60'],
  // Larger files are streamed, not held in memory.
  ['core.bigFileThreshold', '16m'],
  ['tar.umask', '0022'],
];

export type Surroundings = Readonly<{
  identity: Identity;
  allowedTransports: readonly Transport[];
  /** Where programs are looked for: git's own helpers, and ssh. */
  searchPath: string;
  /** The working directory. git looks no further up for a repository, so none there can configure it. */
  directory: string;
}>;

/** The whole environment of a git process: nothing is inherited, so nothing can be injected. */
export const environmentOf = (surroundings: Surroundings): Record<string, string> => ({
  PATH: surroundings.searchPath,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_CEILING_DIRECTORIES: parentOf(surroundings.directory),
  GIT_ALLOW_PROTOCOL: surroundings.allowedTransports.join(':'),
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'false',
  SSH_ASKPASS: 'false',
  GIT_SSH_VARIANT: 'ssh',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  // Says which protocol was spoken, among stderr: the meaning of a refusal depends on it (see failures.ts).
  GIT_TRACE2_EVENT: '2',
  ...surroundings.identity.variables,
  ...asConfig([...settings, ...surroundings.identity.config]),
});

const parentOf = (directory: string) => directory.slice(0, directory.lastIndexOf('/')) || '/';

const asConfig = (config: Identity['config']): Record<string, string> => ({
  GIT_CONFIG_COUNT: String(config.length),
  ...Object.fromEntries(
    config.flatMap(([key, value], n) => [
      [`GIT_CONFIG_KEY_${n}`, key],
      [`GIT_CONFIG_VALUE_${n}`, value],
    ]),
  ),
});

/** A full ref name and HEAD mean themselves; any other name is a branch, or else a tag. */
export const namesOf = (ref: GitRef): readonly string[] =>
  ref === 'HEAD' || ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];

export const listRefs = ({ url }: Remote, ref: GitRef): readonly string[] => [
  'ls-remote',
  '--quiet',
  '--end-of-options',
  url,
  ...namesOf(ref).flatMap((name) => [name, `${name}^{}`]),
];

export const initCache = (directory: string, commit: CommitId): readonly string[] => [
  'init',
  '--quiet',
  '--bare',
  '--template=',
  `--object-format=${commit.length === 64 ? 'sha256' : 'sha1'}`,
  '--end-of-options',
  directory,
];

/**
 * The bytes of a commit are its blobs as they are: none left out (export-ignore), rewritten (export-subst, ident,
 * text) or given to a program (filter), whatever the tree's own .gitattributes ask for.
 */
export const attributes = '* -export-ignore -export-subst !filter -ident -text -eol !working-tree-encoding\n';

/** Under a ref, a commit is kept: nothing that is reachable is ever pruned. Written last, so it also proves all else. */
export const keptAs = (commit: CommitId): string => `refs/recourse/${commit}`;

const fetch = (cache: string, depth: number): readonly string[] => [
  `--git-dir=${cache}`,
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  '--no-recurse-submodules',
  '--no-auto-maintenance',
  `--depth=${depth}`,
];

/** The commit alone, by its id. */
export const fetchCommit = (cache: string, { url }: Remote, commit: CommitId): readonly string[] => [
  ...fetch(cache, 1),
  '--end-of-options',
  url,
  `${commit}:${keptAs(commit)}`,
];

/** Whatever all refs of the remote reach, down to `depth`. For servers that give no commit by its id. */
export const fetchRefs = (cache: string, { url }: Remote, depth: number): readonly string[] => [
  ...fetch(cache, depth),
  '--prune',
  '--end-of-options',
  url,
  '+refs/*:refs/remote/*',
];

/** git's own word for "the whole history". */
export const wholeHistory = 2_147_483_647;

export const keep = (cache: string, commit: CommitId): readonly string[] => [
  `--git-dir=${cache}`,
  'update-ref',
  keptAs(commit),
  commit,
];

/** Prints the id of the commit that `name` is, or fails. */
export const verifyCommit = (cache: string, name: string): readonly string[] => [
  `--git-dir=${cache}`,
  'rev-parse',
  '--verify',
  '--quiet',
  '--end-of-options',
  `${name}^{commit}`,
];

export const archive = (cache: string, commit: CommitId): readonly string[] => [
  `--git-dir=${cache}`,
  'archive',
  '--format=tar',
  '--end-of-options',
  commit,
];
