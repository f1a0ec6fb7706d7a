/** Bundles and their names in a directory: the engine's own, and the registry's. */
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Digest, Image, safelyParse } from '@recourse/core';
import { digestOfFile } from './bundle.ts';
import { ifPresent, type Layout } from './layout.ts';
import { parseJson } from './parse-json.ts';
import { place } from './place.ts';
import { withScratch } from './scratch.ts';

export type Shelf = Readonly<{
  /** Where this image's bundle is, or would be. */
  fileOf(digest: Digest): string;
  /** Whether these very bytes are here. Reads them all: a file of the right name proves nothing. */
  holds(digest: Digest): Promise<boolean>;
  /** Moves a finished bundle in. It must be on the same file system. */
  put(digest: Digest, file: string): Promise<void>;
  /** Copies a bundle in from elsewhere; false if what was there were not these bytes. */
  copy(digest: Digest, from: string): Promise<boolean>;
  drop(digest: Digest): Promise<void>;
  digests(): Promise<readonly Digest[]>;

  /** What the name means now. */
  meaning(name: string): Promise<Image | null>;
  name(image: Image): Promise<void>;
  names(): Promise<readonly Image[]>;
  forget(name: string): Promise<void>;
}>;

export const shelfOf = ({ images, names, tmp }: Layout): Shelf => {
  const fileOf = (digest: Digest) => join(images, `${digest.replace(':', '-')}.tar`);
  const nameFile = (name: string) => join(names, `${createHash('sha256').update(name).digest('hex')}.json`);

  const copy = (digest: Digest, from: string) =>
    withScratch(tmp, async (folder) => {
      const file = join(folder, 'bundle.tar');
      await copyFile(from, file);
      if ((await digestOfFile(file)) !== digest) return false;
      await rename(file, fileOf(digest));
      return true;
    });

  return {
    fileOf,
    holds: async (digest) => (await ifPresent(images, () => digestOfFile(fileOf(digest)))) === digest,
    put: (digest, file) => rename(file, fileOf(digest)),
    copy,
    drop: async (digest) => {
      await ifPresent(images, () => rm(fileOf(digest)));
    },
    digests: async () =>
      (await readdir(images)).flatMap((file) => {
        const digest = Digest.safeParse(file.replace(/\.tar$/, '').replace('-', ':'));
        return digest.success ? [digest.data] : [];
      }),

    meaning: (name) => ifPresent(names, () => readImage(nameFile(name))),
    name: (image) => place(tmp, nameFile(image.name), image, rename),
    names: async () => {
      const read = (await readdir(names)).map((file) => ifPresent(names, () => readImage(join(names, file))));
      return (await Promise.all(read)).filter((image) => image !== null);
    },
    forget: async (name) => {
      await ifPresent(names, () => rm(nameFile(name)));
    },
  };
};

const readImage = async (file: string): Promise<Image | null> => {
  const image = safelyParse(Image, parseJson(await readFile(file, 'utf8')));
  return image.success ? image.data : null;
};
