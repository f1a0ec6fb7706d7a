/** What every Images adapter owes. */
import { Digest, type Image, ImageReference, type Images } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { left, right } from './outcome.ts';

/** One adapter under test, and the hands that reach around it: they change engine and registry without its knowing. */
export type ImagesUnderTest = Readonly<{
  images: Images;
  /** Puts an image of this content onto the engine, in no registry, and makes `name` mean it. */
  plant: (name: string, content: string) => Promise<Image>;
  /** Puts one into the registry only, and makes `name` mean it there. Its `pullable` is set. */
  publish: (name: string, content: string) => Promise<Image>;
  /** Takes the image out of the registry. */
  unpublish: (image: Image) => Promise<void>;
  /** How `resolve` refers to what the registry has under this name. */
  referenceTo: (name: string) => string;
  /** Makes the engine unreachable until `close`. */
  disconnect: () => Promise<void>;
  /** Makes the registry unreachable until `close`; the engine goes on. */
  disconnectRegistry: () => Promise<void>;
  /** Removes everything that was planted and published. */
  close: () => Promise<void>;
}>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const imagesConformance = (adapter: string, open: () => Promise<ImagesUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };
  const signal = () => new AbortController().signal;

  describe(`${adapter} as Images`, { timeout: 60_000 }, () => {
    describe('probe', () => {
      test('finds what is here', async () => {
        const { images, plant } = await fresh();
        expect(await right(images.probe(await plant('shop', 'v1')))).toBe('present');
      });

      test('finds it by content, wherever its name has moved since', async () => {
        const { images, plant } = await fresh();
        const v1 = await plant('shop', 'v1');
        const v2 = await plant('shop', 'v2');
        expect(v2.digest).not.toBe(v1.digest);
        expect(await right(images.probe(v1))).toBe('present');
        expect(await right(images.probe({ ...v1, name: 'never-heard-of' }))).toBe('present');
      });

      test('says absent of what was never here', async () => {
        const { images, plant } = await fresh();
        const planted = await plant('shop', 'v1');
        const other = { ...planted, name: 'unknown', digest: unknownDigest(planted.digest) };
        expect(await right(images.probe(other))).toBe('absent');
      });

      test('says changed when its name means other bytes now', async () => {
        const { images, plant } = await fresh();
        const v1 = await plant('shop', 'v1');
        await plant('shop', 'v2');
        await right(images.remove(v1.digest));
        expect(await right(images.probe(v1))).toBe('changed');
      });

      test('says in-registry of what only the registry has', async () => {
        const { images, publish } = await fresh();
        expect(await right(images.probe(await publish('shop', 'v1')))).toBe('in-registry');
      });

      test('says absent when the registry does not have it any more', async () => {
        const { images, publish, unpublish } = await fresh();
        const image = await publish('shop', 'v1');
        await unpublish(image);
        expect(await right(images.probe(image))).toBe('absent');
      });

      test('never says absent when the engine could not be asked', async () => {
        const { images, plant, disconnect } = await fresh();
        const image = await plant('shop', 'v1');
        await disconnect();
        expect(await left(images.probe(image))).toMatchObject(unreachable);
      });

      test('never says absent when the registry could not be asked', async () => {
        const { images, publish, disconnectRegistry } = await fresh();
        const image = await publish('shop', 'v1');
        await disconnectRegistry();
        expect(await left(images.probe(image))).toMatchObject(unreachable);
      });

      test('does not need the registry for what is here', async () => {
        const { images, publish, disconnectRegistry } = await fresh();
        const image = await publish('shop', 'v1');
        await right(images.pull(image, signal()));
        await disconnectRegistry();
        expect(await right(images.probe(image))).toBe('present');
      });
    });

    describe('pull', () => {
      test('fetches the very bytes, and may be repeated', async () => {
        const { images, publish } = await fresh();
        const image = await publish('shop', 'v1');
        await right(images.pull(image, signal()));
        expect(await right(images.probe(image))).toBe('present');
        await right(images.pull(image, signal()));
        expect(await right(images.probe(image))).toBe('present');
      });

      test('may be asked for by two at once', async () => {
        const { images, publish } = await fresh();
        const image = await publish('shop', 'v1');
        await Promise.all([right(images.pull(image, signal())), right(images.pull(image, signal()))]);
        expect(await right(images.probe(image))).toBe('present');
      });

      test('says not-found when the registry does not have it any more', async () => {
        const { images, publish, unpublish } = await fresh();
        const image = await publish('shop', 'v1');
        await unpublish(image);
        expect(await left(images.pull(image, signal()))).toMatchObject(notFound);
      });

      test('says not-found of an image that no registry keeps', async () => {
        const { images, plant } = await fresh();
        const image = await plant('shop', 'v1');
        await right(images.remove(image.digest));
        expect(await left(images.pull(image, signal()))).toMatchObject(notFound);
      });

      test('never takes other bytes for the image', async () => {
        const { images, publish } = await fresh();
        const v1 = await publish('shop', 'v1');
        const v2 = await publish('shop', 'v2');
        expect(await left(images.pull({ ...v1, pullable: v2.pullable }, signal()))).toMatchObject(notFound);
      });

      test('fails for now when the registry or the engine cannot be asked', async () => {
        const { images, publish, disconnect, disconnectRegistry } = await fresh();
        const image = await publish('shop', 'v1');
        await disconnectRegistry();
        expect(await left(images.pull(image, signal()))).toMatchObject(unreachable);
        await disconnect();
        expect(await left(images.pull(image, signal()))).toMatchObject(unreachable);
      });

      test('stops when it is told to, and can be asked again', async () => {
        const { images, publish } = await fresh();
        const image = await publish('shop', 'v1');
        expect(await left(images.pull(image, AbortSignal.abort()))).toMatchObject({ kind: 'transient' });
        await right(images.pull(image, signal()));
        expect(await right(images.probe(image))).toBe('present');
      });
    });

    describe('resolve', () => {
      test('says what a reference means, and fetches it', async () => {
        const { images, publish, referenceTo } = await fresh();
        const published = await publish('shop', 'v1');
        const image = await right(images.resolve(reference(referenceTo('shop')), signal()));
        expect(image.digest).toBe(published.digest);
        expect(await right(images.probe(image))).toBe('present');
      });

      test('says what it means now, not what it meant before', async () => {
        const { images, publish, referenceTo } = await fresh();
        await publish('shop', 'v1');
        await right(images.resolve(reference(referenceTo('shop')), signal()));
        const v2 = await publish('shop', 'v2');
        expect((await right(images.resolve(reference(referenceTo('shop')), signal()))).digest).toBe(v2.digest);
      });

      test('gives an image that can be pulled again after it was removed here', async () => {
        const { images, publish, referenceTo } = await fresh();
        await publish('shop', 'v1');
        const image = await right(images.resolve(reference(referenceTo('shop')), signal()));
        await right(images.remove(image.digest));
        expect(await right(images.probe(image))).toBe('in-registry');
        await right(images.pull(image, signal()));
        expect(await right(images.probe(image))).toBe('present');
      });

      test('says not-found of a reference that nobody has', async () => {
        const { images, referenceTo } = await fresh();
        expect(await left(images.resolve(reference(referenceTo('nobody')), signal()))).toMatchObject(notFound);
      });

      test('fails for now when the engine cannot be asked', async () => {
        const { images, publish, referenceTo, disconnect } = await fresh();
        await publish('shop', 'v1');
        await disconnect();
        expect(await left(images.resolve(reference(referenceTo('shop')), signal()))).toMatchObject(unreachable);
      });
    });

    describe('remove', () => {
      test('removes by content, however often it is asked', async () => {
        const { images, plant } = await fresh();
        const image = await plant('shop', 'v1');
        await right(images.remove(image.digest));
        await right(images.remove(image.digest));
        expect(await right(images.probe(image))).toBe('absent');
      });

      test('leaves every other image alone', async () => {
        const { images, plant } = await fresh();
        const v1 = await plant('shop', 'v1');
        const v2 = await plant('shop', 'v2');
        await right(images.remove(v1.digest));
        expect(await right(images.probe(v2))).toBe('present');
      });

      test('removes an image that has several names', async () => {
        const { images, plant } = await fresh();
        const image = await plant('shop', 'v1');
        await plant('shop-again', 'v1');
        await right(images.remove(image.digest));
        expect(await right(images.probe(image))).toBe('absent');
      });

      test('leaves the registry alone', async () => {
        const { images, publish } = await fresh();
        const image = await publish('shop', 'v1');
        await right(images.pull(image, signal()));
        await right(images.remove(image.digest));
        expect(await right(images.probe(image))).toBe('in-registry');
      });

      test('fails for now when the engine cannot be asked', async () => {
        const { images, plant, disconnect } = await fresh();
        const { digest } = await plant('shop', 'v1');
        await disconnect();
        expect(await left(images.remove(digest))).toMatchObject(unreachable);
      });
    });

    describe('list', () => {
      test('names what is here, and only that', async () => {
        const { images, plant } = await fresh();
        const v1 = await plant('shop', 'v1');
        const v2 = await plant('blog', 'v2');
        expect(await right(images.list())).toEqual(expect.arrayContaining([v1, v2]));

        await right(images.remove(v1.digest));
        const digests = (await right(images.list())).map(({ digest }) => digest);
        expect(digests).toContain(v2.digest);
        expect(digests).not.toContain(v1.digest);
      });

      test('fails for now when the engine cannot be asked', async () => {
        const { images, disconnect } = await fresh();
        await disconnect();
        expect(await left(images.list())).toMatchObject(unreachable);
      });
    });
  });
};

const unreachable = { kind: 'transient', code: 'images/unreachable' };
const notFound = { kind: 'permanent', code: 'images/not-found' };

const reference = (text: string) => ImageReference.parse(text);

/** The digest of nothing that anybody has. */
const unknownDigest = (known: Digest) => Digest.parse(known.replace(/.{8}$/, 'deadbeef'));
