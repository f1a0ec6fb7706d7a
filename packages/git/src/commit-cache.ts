/**
 * Brings a commit into the cache and proves that it is there. A commit's id is its content, so one that is in the
 * cache is as good as the remote's, also after the remote has dropped it.
 */
import { join } from 'node:path';
import type { CancelSignal, CommitId, PortError } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { discard, folderOf, makeFolder, makeRoom, publish, repositoryIn } from './cache-folder.ts';
import type { Identity } from './credentials.ts';
import { failureOf } from './failures.ts';
import { type Fetcher, fetcher, type Problem, type Wanted } from './fetch-commit.ts';
import type { Git } from './git.ts';
import type { Limits } from './limits.ts';
import { withLock } from './lock.ts';
import { initCache, keptAs } from './requests.ts';
import type { Remote } from './transport.ts';

type Order = Readonly<{ remote: Remote; commit: CommitId; signal: CancelSignal }>;

export type CommitCache = Readonly<{
  /** A repository that has the commit. `identify` is asked only if the remote has to be. */
  ensure(order: Order, identify: TE.TaskEither<PortError, Identity>): TE.TaskEither<PortError, string>;
}>;

export const commitCache = (git: Git, cacheDirectory: string, limits: Limits): CommitCache => {
  const fetching = fetcher(git, limits);
  return {
    ensure: (order, identify) => {
      const folder = folderOf(cacheDirectory, order.remote, order.commit);
      const patience = { limitMs: limits.fetchMs, signal: order.signal };
      const bring = pipe(
        identify,
        TE.chain((identity) => fetchInto(git, fetching, folder, { ...order, identity })),
      );
      return pipe(
        find(fetching, folder, order),
        orElseDo(
          pipe(
            makeFolder(folder),
            // Somebody else may have brought it while we waited.
            TE.chain(() =>
              withLock(join(folder, 'lock'), patience, pipe(find(fetching, folder, order), orElseDo(bring))),
            ),
          ),
        ),
      );
    },
  };
};

const orElseDo = (other: TE.TaskEither<PortError, string>) =>
  TE.chain((found: string | undefined) => (found === undefined ? other : TE.right(found)));

const find = (fetching: Fetcher, folder: string, order: Order): TE.TaskEither<PortError, string | undefined> =>
  pipe(
    repositoryIn(folder),
    TE.chain((repository) =>
      repository === undefined
        ? TE.right(undefined)
        : pipe(
            fetching.has(repository, keptAs(order.commit), order),
            TE.map((kept) => (kept ? repository : undefined)),
          ),
    ),
  );

const fetchInto = (git: Git, fetching: Fetcher, folder: string, wanted: Wanted): TE.TaskEither<PortError, string> => {
  const into = (repository: string) =>
    pipe(
      fetching.fetch(repository, wanted),
      TE.map(() => repository),
    );
  const afresh = pipe(
    create(git, folder, wanted),
    TE.chain((repository) => pipe(into(repository), TE.mapLeft(errorOf))),
  );
  return pipe(
    repositoryIn(folder),
    TE.chain((repository) =>
      repository === undefined
        ? afresh
        : pipe(
            into(repository),
            // A lock file of a git that was killed, a damaged pack: the cache is in doubt, so it goes.
            TE.orElse(({ verdict, error }) =>
              verdict === 'unclear'
                ? pipe(
                    discard(repository),
                    TE.chain(() => afresh),
                  )
                : TE.left(error),
            ),
          ),
    ),
  );
};

const errorOf = ({ error }: Problem) => error;

const create = (git: Git, folder: string, { commit, remote, signal }: Wanted): TE.TaskEither<PortError, string> =>
  pipe(
    makeRoom(folder),
    TE.chain((made) =>
      pipe(
        TE.fromTask(() => git.run({ argv: initCache(made, commit), signal, limitMs: 30_000 })),
        TE.chain(({ ended }) =>
          ended.code === 0
            ? publish(made, remote)
            : TE.left(failureOf({ what: `Making a cache in ${folder}`, secrets: [] }, ended)),
        ),
      ),
    ),
  );
