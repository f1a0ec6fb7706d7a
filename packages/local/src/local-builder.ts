/** Builds bundles from source trees. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Builder, BuildOrder, BuiltImage, Image } from '@recourse/core';
import * as errors from './builder-errors.ts';
import { type Manifest, readManifest, UnsupportedFile, writeBundle } from './bundle.ts';
import { attempt, Failure } from './failure.ts';
import { keyIndexOf } from './key-index.ts';
import { openLayout } from './layout.ts';
import { type LocalOptions, pullableOf } from './local-images.ts';
import { type BuildOptions, prepareTree, type Tree } from './prepare-tree.ts';
import { sweepScratch, withScratch } from './scratch.ts';
import { shelfOf } from './shelf.ts';
import { defaultLimits, type UnpackLimits } from './unpack.ts';

export type LocalBuilderOptions = LocalOptions &
  Readonly<{
    /** How large a source tree may be: 200,000 files and 4 GiB if not said otherwise. */
    limits?: UnpackLimits;
  }>;

/** How often, 25 ms apart, the second of two builders looks whether the first has its bundle in place. */
const SETTLE_TRIES = 20;

/**
 * Builds presets `command` and `static` on this machine, as this user: **for trusted code only**. A build command can
 * do whatever the platform can. It gets no variables of the platform but PATH, runs in a folder of its own, and ends
 * with everything that it started when the build is over, is cancelled, or the worker dies.
 *
 * Throws if the directory cannot be made.
 */
export const localBuilder = ({
  directory,
  registry: registryDirectory,
  limits = defaultLimits,
}: LocalBuilderOptions): Builder => {
  const layout = openLayout(directory);
  const shelf = shelfOf(layout);
  const keys = keyIndexOf(layout);
  const registry = registryDirectory === undefined ? undefined : shelfOf(openLayout(registryDirectory));

  const earlier = async ({ key }: BuildOrder): Promise<Image | null> => {
    const image = await keys.imageOf(key);
    return image !== null && (await shelf.holds(image.digest)) ? image : null;
  };

  const settled = async (order: BuildOrder): Promise<Image | null> => {
    for (let tries = 0; tries < SETTLE_TRIES; tries += 1) {
      const image = await earlier(order);
      if (image !== null) return image;
      await sleep(25);
    }
    return null;
  };

  /**
   * The first image of a key stays its image; whoever comes second gives up its own. The key comes before the bundle:
   * a crash in between leaves a key without an image, which counts for nothing, and not an image without a key.
   */
  const publish = async (order: BuildOrder, image: Image, file: string): Promise<Image> => {
    if (!(await keys.claim(order.key, image))) {
      const first = await settled(order);
      if (first !== null) return first;
      await keys.replace(order.key, image);
    }
    await shelf.put(image.digest, file);
    await shelf.name(image);
    return image;
  };

  const make = (order: BuildOrder, tree: Tree, options: BuildOptions): Promise<Image> =>
    withScratch(layout.tmp, async (scratch) => {
      const manifest = manifestOf(order);
      const prepared = await prepareTree(order, tree, scratch, limits, options);
      const file = join(scratch, 'bundle.tar');
      const digest = await writeBundle(manifest, prepared, file);
      if (options.signal.aborted) throw new Failure(errors.cancelled(order));
      const pullable = registry === undefined ? null : pullableOf(digest);
      return publish(order, { name: `${order.environment}:${order.commit.slice(0, 12)}`, digest, pullable }, file);
    });

  /** What has to be so when a build is over, and may not be yet if it is an earlier one that was cut short. */
  const finish = async (image: Image): Promise<BuiltImage> => {
    if ((await shelf.meaning(image.name)) === null) await shelf.name(image);
    if (registry !== undefined && !(await registry.holds(image.digest))) {
      const copied = await registry.copy(image.digest, shelf.fileOf(image.digest));
      if (!copied) throw new Error('the bundle changed while it was copied to the registry');
      await registry.name(image);
    }
    const { commit, runnable } = await readManifest(shelf.fileOf(image.digest));
    return { image, commit, runnable };
  };

  return {
    build: (order, tree, options) =>
      attempt(
        async () => {
          if (options.signal.aborted) throw new Failure(errors.cancelled(order));
          // Whoever made it before may have died right after.
          await sweepScratch(layout.tmp);
          return finish((await earlier(order)) ?? (await make(order, tree, options)));
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
