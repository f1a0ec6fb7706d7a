/** From what is ordered to what the engine is sent, or why it is not: all that can be refused is refused here. */
import type { Builder, BuildInputs, BuildOrder, CancelSignal, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { broken, cancelled, refused } from './build-errors.ts';
import {
  type AddedFile,
  type Context,
  dockerfileContext,
  staticContext,
  wantedForDockerfile,
  wantedForStatic,
} from './context.ts';
import { type FileServer, fileServerProgram, staticDockerfile } from './file-server.ts';
import { CancelledTree, keepTree, RefusedTree, type TreeFile, type Wanted } from './tree-file.ts';

export type Plan = Extract<BuildInputs, { preset: 'dockerfile' | 'static' }>;

export type PrepareOptions = Readonly<{
  allowedSyntax: readonly string[];
  treeBytesMax: number;
  fileServer: FileServer;
}>;

type Tree = Parameters<Builder['build']>[1];

export const planOf = (order: BuildOrder): E.Either<PortError, Plan> => {
  const { inputs } = order;
  if (inputs.preset === 'dockerfile' || inputs.preset === 'static') return E.right(inputs);
  return E.left(
    refused(
      order,
      inputs.preset === 'command'
        ? 'The preset "command" is for the local builder; give the project a Dockerfile.'
        : 'The preset "image" has nothing to build.',
    ),
  );
};

/** Asks for the tree, hands over what the engine is to be sent, and lets go of it afterwards. */
export const withContext = <A>(
  order: BuildOrder,
  plan: Plan,
  tree: Tree,
  options: PrepareOptions & Readonly<{ signal: CancelSignal }>,
  use: (context: Context) => TE.TaskEither<PortError, A>,
): TE.TaskEither<PortError, A> =>
  pipe(
    addedFiles(order, plan, options.fileServer),
    TE.bindTo('added'),
    TE.bind('stream', () => tree),
    TE.flatMap(({ added, stream }) =>
      TE.bracket(
        attempt(order, () =>
          keepTree(stream, wantedFor(plan), { bytesMax: options.treeBytesMax, signal: options.signal }),
        ),
        (kept) =>
          pipe(
            attempt(order, async () => contextOf(plan, kept, added, options.allowedSyntax)),
            TE.flatMap(use),
          ),
        (kept) => TE.fromTask(() => kept.close()),
      ),
    ),
  );

const attempt = <A>(order: BuildOrder, use: () => Promise<A>): TE.TaskEither<PortError, A> =>
  TE.tryCatch(use, (thrown) => {
    if (thrown instanceof CancelledTree) return cancelled(order);
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return thrown instanceof RefusedTree ? refused(order, why) : broken(order, `its source tree broke off (${why})`);
  });

const wantedFor = (plan: Plan): Wanted =>
  plan.preset === 'static' ? wantedForStatic(plan.directory) : wantedForDockerfile(plan.dockerfile);

const contextOf = (
  plan: Plan,
  tree: TreeFile,
  added: readonly AddedFile[],
  allowedSyntax: readonly string[],
): Context =>
  plan.preset === 'static'
    ? staticContext(tree, plan.directory, added)
    : dockerfileContext(tree, plan.dockerfile, allowedSyntax);

const addedFiles = (
  order: BuildOrder,
  plan: Plan,
  fileServer: FileServer,
): TE.TaskEither<PortError, readonly AddedFile[]> => {
  if (plan.preset === 'dockerfile') return TE.right([]);
  const dockerfile = { name: 'Dockerfile', mode: 0o644, content: Buffer.from(staticDockerfile(plan.runnable)) };
  if (!plan.runnable) return TE.right([dockerfile]);
  return pipe(
    fileServerProgram(fileServer),
    TE.bimap(
      (why) => refused(order, why),
      (program) => [dockerfile, program],
    ),
  );
};
