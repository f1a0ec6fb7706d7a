/** Images as files that are named by their content. */
import { Digest, type Image, ImageReference, type Images, type PortError } from '@recourse/core';
import { readManifest } from './bundle.ts';
import { attempt, Failure } from './failure.ts';
import { keyIndexOf } from './key-index.ts';
import { openLayout } from './layout.ts';
import { type Shelf, shelfOf } from './shelf.ts';

export type LocalOptions = Readonly<{
  /** Holds images and instances; shared by all workers of this machine. Made if missing, but its parent must exist. */
  directory: string;
  /** A folder that keeps every image that is built, as a registry does. Several machines may share it. */
  registry?: string;
}>;

/**
 * Images in a directory, and in another that serves as the registry. Each answer is proven by reading the bytes: a
 * bundle of 100 MB takes a fraction of a second.
 *
 * Throws if the directory cannot be made.
 */
export const localImages = ({ directory, registry: registryDirectory }: LocalOptions): Images => {
  const layout = openLayout(directory);
  const shelf = shelfOf(layout);
  const keys = keyIndexOf(layout);
  const registry = registryDirectory === undefined ? undefined : shelfOf(openLayout(registryDirectory));
  const unreachable = cannotLook([directory, ...(registryDirectory === undefined ? [] : [registryDirectory])]);

  const registryFor = (image: Image): Shelf => {
    if (registry !== undefined) return registry;
    throw new Failure(noRegistry(image));
  };

  const pull = async (image: Image): Promise<void> => {
    if (await shelf.holds(image.digest)) return;
    if (!isSelf(image)) throw new Failure(notFound(image.name));
    const from = registryFor(image);
    const fetched = (await from.holds(image.digest)) && (await shelf.copy(image.digest, from.fileOf(image.digest)));
    if (!fetched) throw new Failure(notFound(image.name));
    if ((await shelf.meaning(image.name)) === null) await shelf.name(image);
  };

  const resolve = async (reference: ImageReference): Promise<Image> => {
    const digest = Digest.safeParse(reference.slice(reference.indexOf('@') + 1));
    const meant = async (on: Shelf) =>
      digest.success
        ? (await on.holds(digest.data))
          ? digest.data
          : undefined
        : (await on.meaning(reference))?.digest;

    const there = registry && (await meant(registry));
    if (there !== undefined) {
      const image = { name: reference, digest: there, pullable: pullableOf(there) };
      await pull(image);
      return image;
    }
    const here = await meant(shelf);
    if (here === undefined || !(await shelf.holds(here))) throw new Failure(notFound(reference));
    return { name: reference, digest: here, pullable: null };
  };

  const list = async (): Promise<readonly Image[]> => {
    const named = new Map((await shelf.names()).map((image) => [image.digest, image]));
    return Promise.all(
      (await shelf.digests()).map(async (digest) => named.get(digest) ?? (await unnamed(shelf, digest))),
    );
  };

  return {
    probe: (image) =>
      attempt(async () => {
        if (await shelf.holds(image.digest)) return 'present';
        if (isSelf(image) && (await registryFor(image).holds(image.digest))) return 'in-registry';
        const meaning = await shelf.meaning(image.name);
        return meaning === null || meaning.digest === image.digest ? 'absent' : 'changed';
      }, unreachable),

    pull: (image, signal) =>
      attempt(() => {
        if (signal.aborted) throw new Failure(cancelled(image.name));
        return pull(image);
      }, unreachable),

    resolve: (reference, signal) =>
      attempt(() => {
        if (signal.aborted) throw new Failure(cancelled(reference));
        return resolve(reference);
      }, unreachable),

    remove: (digest) =>
      attempt(async () => {
        await shelf.drop(digest);
        await keys.forget(digest);
        for (const image of await shelf.names()) if (image.digest === digest) await shelf.forget(image.name);
      }, unreachable),

    list: () => attempt(list, unreachable),
  };
};

/** How the registry of this package refers to an image: by the very digest. */
export const pullableOf = (digest: Digest): ImageReference => ImageReference.parse(`bundle@${digest}`);

/** Whether what the registry keeps for this image is this image; another digest there is other bytes. */
const isSelf = ({ pullable, digest }: Image): boolean => pullable?.endsWith(`@${digest}`) ?? false;

/** An image whose name has moved on is told by its commit. */
const unnamed = async (shelf: Shelf, digest: Digest): Promise<Image> => {
  const manifest = await readManifest(shelf.fileOf(digest)).catch(() => null);
  return {
    name: `bundle:${(manifest?.commit ?? digest.slice('sha256:'.length)).slice(0, 12)}`,
    digest,
    pullable: null,
  };
};

const cannotLook =
  (directories: readonly string[]) =>
  (cause: unknown): PortError => ({
    kind: 'transient',
    code: 'images/unreachable',
    message: `Cannot look into ${directories.join(' or ')}. Check that it is there and that this user may write to it.`,
    cause,
  });

const noRegistry = ({ name, pullable }: Image): PortError => ({
  kind: 'transient',
  code: 'images/unreachable',
  message: `The image ${name} is kept in a registry as ${pullable}. Give this adapter the folder of that registry.`,
});

const notFound = (name: string): PortError => ({
  kind: 'permanent',
  code: 'images/not-found',
  message: `The image ${name} is not in the registry. Deploy its source instead, or publish the image again.`,
});

const cancelled = (name: string): PortError => ({
  kind: 'transient',
  code: 'images/unreachable',
  message: `Fetching the image ${name} was told to stop.`,
});
