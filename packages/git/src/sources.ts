/** Sources on the git command line. */
import { resolve as absolute } from 'node:path';
import { type CancelSignal, CommitId, GitRef, type PortError, type RepositoryUrl, type Sources } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { discard, makeFolder } from './cache-folder.ts';
import { commitCache } from './commit-cache.ts';
import { type GitCredentials, type Identity, identityFor } from './credentials.ts';
import { failureOf, refused, unreachable } from './failures.ts';
import { checkVersion, type Git, gitProgram } from './git.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { commitOf } from './refs.ts';
import { archive, listRefs } from './requests.ts';
import { checkRemote, type Remote, type Transport } from './transport.ts';
import { treeStream } from './tree-stream.ts';

export type GitSourcesOptions = Readonly<{
  /**
   * Made if it is not there. Any number of processes may share it. Whoever shares it can read every
   * commit in it, so give each tenant with credentials of its own a folder of its own. Commits stay until the folder
   * is removed, which may be done whenever nothing runs.
   */
  cacheDirectory: string;
  /** `https` and `ssh` by default. `file` reads this machine's disk, `http` and `git` can be read and changed on the way. */
  allowedTransports?: readonly Transport[];
  /**
   * Asked before each contact with a remote. Undefined: over https nobody in particular asks, over ssh the user of
   * this process does, with the default keys and known hosts.
   */
  credentials?: (repository: RepositoryUrl) => GitCredentials | undefined | Promise<GitCredentials | undefined>;
  limits?: Partial<Limits>;
  /**
   * `git` on the PATH by default, 2.39 or later. Use one with the fix for CVE-2025-48384 (2.43.7, 2.50.1 or what your
   * distribution ported back). Nothing is ever checked out, which is what that fault and its kind need.
   */
  git?: string;
}>;

/**
 * Commits of git repositories, by the git command line and a cache on disk. The tree is the commit's own files, bytes
 * and modes: no submodules (each an empty folder), no LFS (its pointers are what the commit holds), no attributes.
 */
export const gitSources = (options: GitSourcesOptions): Sources => {
  const { allowedTransports = ['https', 'ssh'], git: program = 'git' } = options;
  const directory = absolute(options.cacheDirectory);
  const limits = { ...defaultLimits, ...options.limits };
  const git = gitProgram({ program, directory, allowedTransports });
  const cache = commitCache(git, directory, limits);
  const prepare = onceRight((signal: CancelSignal) =>
    pipe(
      makeFolder(directory),
      TE.chain(() => checkVersion(git, signal)),
    ),
  );
  /** Everything that can be refused is refused before any process is started. */
  const admit = (repository: RepositoryUrl, signal: CancelSignal) =>
    pipe(
      TE.fromEither(checkRemote(repository, allowedTransports)),
      TE.chainFirst(() => prepare(signal)),
    );

  return {
    resolve: (repository, ref, signal) =>
      pipe(
        TE.fromEither(checked(GitRef, ref, 'ref')),
        TE.chain(() => admit(repository, signal)),
        TE.bindTo('remote'),
        TE.bind('identity', ({ remote }) => identify(remote, options.credentials)),
        TE.chain((asked) => resolveRef(git, limits, { ...asked, ref, signal })),
      ),

    tree: (repository, commit, signal) =>
      pipe(
        TE.fromEither(checked(CommitId, commit, 'commit')),
        TE.chain(() => admit(repository, signal)),
        TE.chain((remote) =>
          pipe(
            cache.ensure({ remote, commit, signal }, identify(remote, options.credentials)),
            TE.map((kept) =>
              treeStream({
                what: `Reading commit ${commit} of ${remote.url}`,
                bytesMax: limits.treeBytes,
                start: () => git.start({ argv: archive(kept, commit), signal, limitMs: limits.treeMs }),
                onDamage: discard(kept),
              }),
            ),
          ),
        ),
      ),
  };
};

/** The types say so already; but types can be cast, and these values reach a command line. */
const checked = (schema: Schema, value: string, field: 'ref' | 'commit'): E.Either<PortError, void> =>
  schema.safeParse(value).success
    ? E.right(undefined)
    : E.left(
        refused(`The ${field} is refused before git is asked: it is not one that git could only take for a name.`),
      );

type Schema = Readonly<{ safeParse(value: unknown): Readonly<{ success: boolean }> }>;

/** Not done again once it succeeded. */
const onceRight = (effect: (signal: CancelSignal) => TE.TaskEither<PortError, void>) => {
  let done = false;
  return (signal: CancelSignal): TE.TaskEither<PortError, void> =>
    done
      ? TE.right(undefined)
      : pipe(
          effect(signal),
          TE.tapIO(() => () => {
            done = true;
          }),
        );
};

const identify = (remote: Remote, credentials: GitSourcesOptions['credentials']): TE.TaskEither<PortError, Identity> =>
  pipe(
    TE.tryCatch(
      async () => credentials?.(remote.url),
      // Without the cause: what a credential store throws may have the credential in it.
      () => unreachable(`The credentials for ${remote.url} could not be had.`),
    ),
    TE.chainEitherK((found) => identityFor(remote, found)),
  );

const resolveRef = (
  git: Git,
  limits: Limits,
  {
    remote,
    identity,
    ref,
    signal,
  }: Readonly<{ remote: Remote; identity: Identity; ref: GitRef; signal: CancelSignal }>,
): TE.TaskEither<PortError, CommitId> =>
  pipe(
    TE.fromTask(() => git.run({ argv: listRefs(remote, ref), identity, signal, limitMs: limits.resolveMs })),
    TE.chainEitherK(({ stdout, ended }) => {
      if (ended.code !== 0 || ended.stopped !== null) {
        return E.left(failureOf({ what: `Resolving ${ref} of ${remote.url}`, secrets: identity.secrets }, ended));
      }
      return pipe(commitOf(stdout, ref), E.fromNullable(noSuchRef(remote, ref)));
    }),
  );

const noSuchRef = (remote: Remote, ref: GitRef): PortError => ({
  kind: 'permanent',
  code: 'sources/ref-not-found',
  message: `${remote.url} has no branch, tag or ref called "${ref}". Check the name.`,
});
