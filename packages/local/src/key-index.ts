/** Which image each build step made: how the same step finds it again. */
import { link, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, Image, type StepKey, safelyParse } from '@recourse/core';
import { codeOf } from './failure.ts';
import { ifPresent, type Layout } from './layout.ts';
import { parseJson } from './parse-json.ts';
import { place } from './place.ts';

export type KeyIndex = Readonly<{
  imageOf(key: StepKey): Promise<Image | null>;
  /** False if the key has an image already. */
  claim(key: StepKey, image: Image): Promise<boolean>;
  /** Gives the key another image: the first is not there any more. */
  replace(key: StepKey, image: Image): Promise<void>;
  /** Forgets every key of this image. */
  forget(digest: Digest): Promise<void>;
}>;

export const keyIndexOf = ({ keys, tmp }: Layout): KeyIndex => {
  const fileOf = (key: string) => join(keys, `${key}.json`);

  const read = async (file: string): Promise<Image | null> => {
    const text = await ifPresent(keys, () => readFile(file, 'utf8'));
    const image = safelyParse(Image, text === null ? null : parseJson(text));
    return image.success ? image.data : null;
  };

  return {
    imageOf: (key) => read(fileOf(key)),
    claim: (key, image) => place(tmp, fileOf(key), image, link).then(() => true, unlessThere),
    replace: (key, image) => place(tmp, fileOf(key), image, rename),
    forget: async (digest) => {
      for (const name of await readdir(keys)) {
        if ((await read(join(keys, name)))?.digest === digest) await ifPresent(keys, () => rm(join(keys, name)));
      }
    },
  };
};

const unlessThere = (cause: unknown): false => {
  if (codeOf(cause) !== 'EEXIST') throw cause;
  return false;
};
