/** Where things are in a directory of this package. Every file appears in its place by one rename or link, complete. */
import { mkdirSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './failure.ts';

/**
 * - `images/sha256-<hex>.tar`: a bundle; its SHA-256 is the image's digest.
 * - `names/<hash of the name>.json`: what an image's name means.
 * - `keys/<step key>.json`: which image a build step made.
 * - `instances/<step key>/<instance id>/`: an instance's files.
 * - `tmp/<owner>/`: what is not finished. Nothing in it counts.
 */
export type Layout = Readonly<{
  directory: string;
  images: string;
  names: string;
  keys: string;
  instances: string;
  tmp: string;
}>;

const folders = ['images', 'names', 'keys', 'instances', 'tmp'] as const;

/**
 * Makes the directory if it is not there, but not its parent: a disk that is not mounted must not look like an empty
 * one. From then on a missing directory is an outage. Throws what the file system throws.
 */
export const openLayout = (directory: string): Layout => {
  for (const path of [directory, ...folders.map((folder) => join(directory, folder))]) {
    try {
      mkdirSync(path);
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw cause;
    }
  }
  return {
    directory,
    images: join(directory, 'images'),
    names: join(directory, 'names'),
    keys: join(directory, 'keys'),
    instances: join(directory, 'instances'),
    tmp: join(directory, 'tmp'),
  };
};

/** Runs `use`; null if what it wants is missing from a folder that is there. */
export const ifPresent = <A>(folder: string, use: () => Promise<A>): Promise<A | null> =>
  use().catch(async (cause: unknown) => {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    await access(folder);
    return null;
  });
