/** Builds bundles from source trees. */
import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Builder,
  type BuildInputs,
  type BuildOrder,
  type BuiltImage,
  Image,
  type PortError,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as errors from './builder-errors.ts';
import { type Manifest, readManifest, UnsupportedFile, writeBundle } from './bundle.ts';
import { attempt, codeOf, Failure } from './failure.ts';
import { ifPresent, openLayout } from './layout.ts';
import { type LocalOptions, pullableOf } from './local-images.ts';
import { runBuild } from './run-build.ts';
import { withScratch } from './scratch.ts';
import { place, shelfOf } from './shelf.ts';
import { defaultLimits, type UnpackLimits, unpack } from './unpack.ts';

export type LocalBuilderOptions = LocalOptions & Readonly<{ limits?: UnpackLimits }>;

type Tree = TaskEither<PortError, AsyncIterable<Uint8Array>>;
type BuildOptions = Parameters<Builder['build']>[2];

/**
 * Builds presets `command` and `static` on this machine, as this user: **for trusted code only**. A build command can
 * do whatever the platform can. It gets no variables of the platform but PATH, runs in a folder of its own, and ends
 * with everything that it started when the build is over, is cancelled, or the worker dies.
 *
 * Throws if the directory cannot be made.
 */
export const localBuilder = ({ directory, registry: registryDirectory, limits }: LocalBuilderOptions): Builder => {
  const layout = openLayout(directory);
  const shelf = shelfOf(layout);
  const registry = registryDirectory === undefined ? undefined : shelfOf(openLayout(registryDirectory));
  const keyFile = ({ key }: BuildOrder) => join(layout.keys, `${key}.json`);

  /** The image of an earlier build of this key, if it is still here. */
  const earlier = async (order: BuildOrder): Promise<Image | null> => {
    const text = await ifPresent(layout.keys, () => readFile(keyFile(order), 'utf8'));
    const image = Image.safeParse(text === null ? null : parse(text));
    return image.success && (await shelf.holds(image.data.digest)) ? image.data : null;
  };

  /** The build steps whose image this is. */
  const keysOf = async ({ digest }: Image): Promise<readonly string[]> => {
    const files = await readdir(layout.keys);
    const texts = await Promise.all(files.map((file) => readFile(join(layout.keys, file), 'utf8')));
    return texts.filter((text) => text.includes(digest));
  };

  /** The first image of a key stays its image; whoever comes second gives up its own. */
  const publish = async (order: BuildOrder, image: Image): Promise<Image> => {
    try {
      await place(layout.tmp, keyFile(order), image, link);
      return image;
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw cause;
    }
    const first = await earlier(order);
    if (first === null) await place(layout.tmp, keyFile(order), image, rename);
    else if (!(await keysOf(image)).length) await shelf.drop(image.digest);
    return first ?? image;
  };

  /** Everything that has to be so when a build is over; doing it again changes nothing. */
  const finish = async (image: Image): Promise<BuiltImage> => {
    const pullable = registry === undefined ? null : pullableOf(image.digest);
    const known = { ...image, pullable };
    if ((await shelf.meaning(image.name)) === null) await shelf.name(known);
    if (registry !== undefined) {
      if (!(await registry.holds(image.digest))) await registry.copy(image.digest, shelf.fileOf(image.digest));
      if ((await registry.meaning(image.name)) === null) await registry.name(known);
    }
    const { commit, runnable } = await readManifest(shelf.fileOf(image.digest));
    return { image: known, commit, runnable };
  };

  const make = (order: BuildOrder, tree: Tree, options: BuildOptions): Promise<Image> =>
    withScratch(layout.tmp, async (scratch) => {
      const manifest = manifestOf(order);
      await prepare(order, tree, scratch, limits ?? defaultLimits, options);
      if (options.signal.aborted) throw new Failure(errors.cancelled(order));
      const file = join(scratch, 'bundle.tar');
      const digest = await writeBundle(manifest, join(scratch, 'tree'), file);
      await shelf.put(digest, file);
      return { name: `${order.environment}:${order.commit.slice(0, 12)}`, digest, pullable: null };
    });

  return {
    build: (order, tree, options) =>
      attempt(
        async () => {
          if (options.signal.aborted) throw new Failure(errors.cancelled(order));
          const image = (await earlier(order)) ?? (await publish(order, await make(order, tree, options)));
          return finish(image);
        },
        (cause) =>
          cause instanceof UnsupportedFile
            ? errors.refused(order, cause.message)
            : errors.unreachable(directory, cause),
      ),
  };
};

const manifestOf = (order: BuildOrder): Manifest => {
  const { commit, inputs } = order;
  if (inputs.preset === 'command') return { format: 1, commit, inputs, runnable: true };
  if (inputs.preset === 'static') return { format: 1, commit, inputs, runnable: inputs.runnable };
  throw new Failure(errors.refused(order, `The preset ${inputs.preset} needs an engine such as Docker.`));
};

/** Unpacks the tree and runs the build command in it. */
const prepare = async (
  order: BuildOrder,
  tree: Tree,
  scratch: string,
  limits: UnpackLimits,
  { onProgress, signal }: BuildOptions,
): Promise<void> => {
  const [folder, home] = [join(scratch, 'tree'), join(scratch, 'home')];
  await mkdir(folder);
  await mkdir(home);
  const source = await tree();
  if (E.isLeft(source)) throw new Failure(source.left);
  await unpack(source.right, folder, { limits, signal, problems: errors.unpackProblems(order) });
  if (order.inputs.preset === 'static') await checkFolder(order, order.inputs, folder);
  if (order.inputs.preset !== 'command' || order.inputs.build === null) return;

  const onLine = (text: string) => onProgress({ text });
  const run = await runBuild(order.inputs.build, { cwd: folder, home, onLine, signal });
  if (run.outcome === 'cancelled') throw new Failure(errors.cancelled(order));
  if (run.outcome === 'failed') throw new Failure(errors.failed(order, run));
  await rm(home, { recursive: true, force: true });
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

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
