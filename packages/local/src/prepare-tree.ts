/** Makes of a source tree what goes into the bundle. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Builder, BuildInputs, BuildOrder, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as errors from './builder-errors.ts';
import { Failure } from './failure.ts';
import { ifPresent } from './layout.ts';
import { runBuild } from './run-build.ts';
import { type UnpackLimits, unpack } from './unpack.ts';

export type Tree = TaskEither<PortError, AsyncIterable<Uint8Array>>;
export type BuildOptions = Parameters<Builder['build']>[2];

/** Unpacks the tree and runs the build command in it; the folder of the result. */
export const prepareTree = async (
  order: BuildOrder,
  tree: Tree,
  scratch: string,
  limits: UnpackLimits,
  options: BuildOptions,
): Promise<string> => {
  const folder = join(scratch, 'tree');
  await mkdir(folder);
  const source = await tree();
  if (E.isLeft(source)) throw new Failure(source.left);
  await unpack(source.right, folder, { limits, signal: options.signal, problems: errors.unpackProblems(order) });

  if (order.inputs.preset === 'static') await checkFolder(order, order.inputs, folder);
  if (order.inputs.preset === 'command' && order.inputs.build !== null) {
    await build(order, order.inputs.build, folder, join(scratch, 'home'), options);
  }
  return folder;
};

const build = async (
  order: BuildOrder,
  argv: readonly string[],
  cwd: string,
  home: string,
  { onProgress, signal }: BuildOptions,
): Promise<void> => {
  await mkdir(home);
  const run = await runBuild(argv, { cwd, home, onLine: (text) => onProgress({ text }), signal });
  if (run.outcome === 'cancelled') throw new Failure(errors.cancelled(order));
  if (run.outcome === 'failed') throw new Failure(errors.failed(order, run));
};

const checkFolder = async (
  order: BuildOrder,
  { directory }: Extract<BuildInputs, { preset: 'static' }>,
  tree: string,
): Promise<void> => {
  // Every link of the tree stays inside, so this cannot look elsewhere.
  const found = await ifPresent(tree, () => stat(join(tree, directory)));
  if (!found?.isDirectory()) throw new Failure(errors.refused(order, `There is no folder ${directory} in the tree.`));
};
