/** The git program with its options bound: what sources and cache run. */
import type { CancelSignal, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { anonymous, type Identity } from './credentials.ts';
import { failureOf, refused } from './failures.ts';
import { type Ended, outputOf, type RunningGit, startGit } from './git-process.ts';
import { environmentOf } from './requests.ts';
import type { Transport } from './transport.ts';

export type Asked = Readonly<{
  argv: readonly string[];
  signal: CancelSignal;
  limitMs: number;
  /** Only for what talks to a remote. */
  identity?: Identity;
}>;

export type Git = Readonly<{
  start(asked: Asked): RunningGit;
  /** Runs to the end and tells how it went; a failed git is an answer here. */
  run(asked: Asked): Promise<Readonly<{ stdout: string; ended: Ended }>>;
}>;

/** The list of refs of a remote, or an id: nothing short is longer. */
const outputBytesMax = 1_048_576;

export const gitProgram = (
  options: Readonly<{ program: string; directory: string; allowedTransports: readonly Transport[] }>,
): Git => {
  const { program, directory, allowedTransports } = options;
  const start = ({ argv, signal, limitMs, identity = anonymous }: Asked) =>
    startGit({
      program,
      argv,
      directory,
      limitMs,
      signal,
      environment: environmentOf({ identity, directory, allowedTransports, searchPath: searchPath() }),
    });
  return { start, run: (asked) => outputOf(start(asked), outputBytesMax) };
};

const searchPath = () => {
  const { PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  return PATH;
};

/** The oldest that has all of the switches that we count on. */
const oldest = { major: 2, minor: 39 };

export const checkVersion = (git: Git, signal: CancelSignal): TE.TaskEither<PortError, void> =>
  pipe(
    TE.fromTask(() => git.run({ argv: ['version'], signal, limitMs: 10_000 })),
    TE.chainEitherK(({ stdout, ended }) =>
      ended.code === 0 ? judge(stdout.trim()) : E.left(failureOf({ what: 'Running git', secrets: [] }, ended)),
    ),
  );

const judge = (version: string): E.Either<PortError, void> => {
  const [, major, minor] = /^git version (\d+)\.(\d+)/.exec(version) ?? [];
  const isNewer = Number(major) > oldest.major || (Number(major) === oldest.major && Number(minor) >= oldest.minor);
  if (isNewer) return E.right(undefined);
  return E.left(refused(`git ${oldest.major}.${oldest.minor} or later is needed; this is "${version.slice(0, 40)}".`));
};
