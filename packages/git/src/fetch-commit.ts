/** Gets one commit from its remote into a repository of the cache: by its id if the server allows, else by its refs. */
import type { CancelSignal, CommitId, PortError } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { receivedBytes, sweepPartial } from './cache-folder.ts';
import type { Identity } from './credentials.ts';
import { failureOf, type Verdict, verdictOf } from './failures.ts';
import type { Git } from './git.ts';
import { type Ended, outputOf } from './git-process.ts';
import type { Limits } from './limits.ts';
import * as requests from './requests.ts';
import type { Remote } from './transport.ts';

export type Wanted = Readonly<{ remote: Remote; commit: CommitId; identity: Identity; signal: CancelSignal }>;

/** The verdict decides what is tried next, the error is what the caller is told if nothing is. */
export type Problem = Readonly<{ verdict: Verdict; error: PortError }>;

export type Fetcher = Readonly<{
  /** Afterwards `repository` has the commit, under its own ref. */
  fetch(repository: string, wanted: Wanted): TE.TaskEither<Problem, void>;
  /** Whether `name` is exactly this commit in `repository`. One that cannot be read is not. */
  has(repository: string, name: string, wanted: Pick<Wanted, 'commit' | 'signal'>): TE.TaskEither<PortError, boolean>;
}>;

/** Most deployments are of a recent commit. */
const firstDepth = 100;
const watchEveryMs = 250;
const localMs = 30_000;

export const fetcher = (git: Git, limits: Limits): Fetcher => {
  const has: Fetcher['has'] = (repository, name, { commit, signal }) =>
    pipe(
      TE.fromTask(() => git.run({ argv: requests.verifyCommit(repository, name), signal, limitMs: localMs })),
      TE.chain(({ stdout, ended }) =>
        ended.stopped === null && ended.failure === null
          ? TE.right(ended.code === 0 && stdout.trim() === commit)
          : TE.left(failureOf({ what: `Looking for commit ${commit} in the cache`, secrets: [] }, ended)),
      ),
    );

  const ask = (repository: string, argv: readonly string[], wanted: Wanted): TE.TaskEither<Problem, void> =>
    pipe(
      TE.fromTask(() => runWatched(git, limits, repository, argv, wanted)),
      TE.chain((ended) => (ended.code === 0 && ended.stopped === null ? TE.right(undefined) : given(wanted, ended))),
      TE.orElse((problem) =>
        pipe(
          sweepPartial(repository),
          TE.mapLeft(asProblem),
          TE.chain(() => TE.left(problem)),
        ),
      ),
    );

  const byRefs = (repository: string, wanted: Wanted, depth: number): TE.TaskEither<Problem, void> =>
    pipe(
      ask(repository, requests.fetchRefs(repository, wanted.remote, depth), wanted),
      TE.chain(() => pipe(has(repository, wanted.commit, wanted), TE.mapLeft(asProblem))),
      TE.chain((arrived) => {
        if (arrived) return ask(repository, requests.keep(repository, wanted.commit), wanted);
        return depth === requests.wholeHistory ? gone(wanted) : byRefs(repository, wanted, requests.wholeHistory);
      }),
    );

  const fetch: Fetcher['fetch'] = (repository, wanted) =>
    pipe(
      ask(repository, requests.fetchCommit(repository, wanted.remote, wanted.commit), wanted),
      TE.orElse((problem) =>
        problem.verdict === 'only-tips' ? byRefs(repository, wanted, firstDepth) : TE.left(problem),
      ),
      // What came may be another thing of that name: a tree, a tag, or a branch with an id for its name.
      TE.chain(() => pipe(has(repository, requests.keptAs(wanted.commit), wanted), TE.mapLeft(asProblem))),
      TE.chain((kept) => (kept ? TE.right(undefined) : gone(wanted))),
    );

  return { fetch, has };
};

/** A fetch, ended when it receives more than it may: git has no such limit of its own. */
const runWatched = async (
  git: Git,
  limits: Limits,
  repository: string,
  argv: readonly string[],
  { identity, signal }: Wanted,
): Promise<Ended> => {
  const running = git.start({ argv, identity, signal, limitMs: limits.fetchMs });
  const watch = setInterval(async () => {
    if ((await receivedBytes(repository)) > limits.fetchBytes) running.stop('over-limit');
  }, watchEveryMs);
  try {
    return (await outputOf(running, 65_536)).ended;
  } finally {
    clearInterval(watch);
  }
};

const asProblem = (error: PortError): Problem => ({ verdict: 'unreachable', error });

const given = ({ remote, commit, identity }: Wanted, ended: Ended): TE.TaskEither<Problem, never> =>
  TE.left({
    verdict: verdictOf(ended),
    error: failureOf({ what: `Fetching commit ${commit} of ${remote.url}`, secrets: identity.secrets }, ended),
  });

const gone = ({ remote, commit }: Wanted): TE.TaskEither<Problem, never> =>
  TE.left({
    verdict: 'commit-gone',
    error: {
      kind: 'permanent',
      code: 'sources/commit-gone',
      message: `${remote.url} does not have the commit ${commit} any more, or it is not a commit.`,
    },
  });
