/** What every Builder owes. */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  type Builder,
  type BuildInputs,
  type BuildOrder,
  CommitId,
  DeploymentId,
  type Digest,
  EnvironmentId,
  type Images,
  type PortError,
  StepKey,
} from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { left, right } from './outcome.ts';
import type { Project, Projects } from './projects.ts';

/** One adapter under test, and the hands that reach around it. */
export type BuilderUnderTest = Readonly<{
  builder: Builder;
  /** The same engine through an adapter of its own, as another worker has it. */
  anotherWorker: () => Builder;
  /** The images of the same engine. */
  images: Images;
  projects: Projects;
  /** Inputs that are not possible here for the tree of `projects.app`. */
  impossible: readonly BuildInputs[];
  /** The images on the engine that builds of this key have made, as seen around the adapter. */
  madeFor: (key: StepKey) => Promise<readonly Digest[]>;
  /** Names what builds have left lying around that is not a finished image: folders, containers, processes. */
  leftovers: () => Promise<readonly string[]>;
  /** Makes the engine unreachable until `close`. */
  disconnect: () => Promise<void>;
  /** Removes everything that was built. */
  close: () => Promise<void>;
}>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const builderConformance = (adapter: string, open: () => Promise<BuilderUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as a Builder`, { timeout: 60_000 }, () => {
    test('builds an image that is there and can run by itself', async () => {
      const { builder, images, projects, leftovers } = await fresh();
      const project = projects.app('v1');
      const built = await right(builder.build(orderOf(project), treeOf(project), quiet()));
      expect(built.runnable).toBe(true);
      expect(await right(images.probe(built.image))).toBe('present');
      expect((await right(images.list())).map(({ digest }) => digest)).toContain(built.image.digest);
      expect(await leftovers()).toEqual([]);
    });

    test('reads the commit back from the image', async () => {
      const { builder, anotherWorker, projects } = await fresh();
      const project = projects.app('v1');
      const [one, two] = [orderOf(project), orderOf(project)];
      expect((await right(builder.build(one, treeOf(project), quiet()))).commit).toBe(one.commit);
      expect((await right(builder.build(two, treeOf(project), quiet()))).commit).toBe(two.commit);

      const asked = await right(anotherWorker().build({ ...one, commit: two.commit }, noTree, quiet()));
      expect(asked.commit).toBe(one.commit);
    });

    test('tells apart what differs in its source', async () => {
      const { builder, projects } = await fresh();
      const [v1, v2] = [projects.app('v1'), projects.app('v2')];
      const order = orderOf(v1);
      const first = await right(builder.build(order, treeOf(v1), quiet()));
      const second = await right(builder.build({ ...order, key: aKey() }, treeOf(v2), quiet()));
      expect(second.image.digest).not.toBe(first.image.digest);
    });

    test('finds the image of the first time under the same key, without building', async () => {
      const { builder, anotherWorker, projects } = await fresh();
      const project = projects.app('v1');
      const order = orderOf(project);
      const first = await right(builder.build(order, treeOf(project), quiet()));
      expect(await right(builder.build(order, noTree, quiet()))).toEqual(first);
      expect(await right(anotherWorker().build(order, noTree, quiet()))).toEqual(first);
    });

    test('builds again under the same key when that image was removed', async () => {
      const { builder, images, projects } = await fresh();
      const project = projects.app('v1');
      const order = orderOf(project);
      const first = await right(builder.build(order, treeOf(project), quiet()));
      await right(images.remove(first.image.digest));
      const again = await right(builder.build(order, treeOf(project), quiet()));
      expect(again.commit).toBe(order.commit);
      expect(await right(images.probe(again.image))).toBe('present');
    });

    test('makes one image when two build the same key at once', async () => {
      const { builder, anotherWorker, madeFor, projects, leftovers } = await fresh();
      const project = projects.app('v1');
      const order = orderOf(project);
      const [one, two] = await Promise.all([
        right(builder.build(order, treeOf(project), quiet())),
        right(anotherWorker().build(order, treeOf(project), quiet())),
      ]);
      expect(two).toEqual(one);
      expect(await madeFor(order.key)).toEqual([one.image.digest]);
      expect(await leftovers()).toEqual([]);
    });

    test('tells apart keys that differ in the last of many characters only', async () => {
      const { builder, projects } = await fresh();
      const [v1, v2] = [projects.app('v1'), projects.app('v2')];
      const long = `${'k'.repeat(100)}${randomBytes(13).toString('hex')}`;
      const [one, two] = [StepKey.parse(`${long}-1`), StepKey.parse(`${long}-2`)];
      const first = await right(builder.build({ ...orderOf(v1), key: one }, treeOf(v1), quiet()));
      const second = await right(builder.build({ ...orderOf(v2), key: two }, treeOf(v2), quiet()));
      expect(second.image.digest).not.toBe(first.image.digest);
    });

    test('says why a project does not build, and leaves nothing of it', async () => {
      const { builder, madeFor, projects, leftovers } = await fresh();
      const { failing } = projects;
      const order = orderOf(failing);
      const error = await left(builder.build(order, treeOf(failing), quiet()));
      expect(error).toMatchObject({ kind: 'permanent', code: 'builder/failed' });
      expect(error.message).toContain('the last words');
      expect(await leftovers()).toEqual([]);
      expect(await madeFor(order.key)).toEqual([]);
    });

    test('tells what it does while it does it', async () => {
      const { builder, projects } = await fresh();
      const project = projects.app('v1');
      const lines: string[] = [];
      const options = { ...quiet(), onProgress: ({ text }: { text: string }) => void lines.push(text) };
      await right(builder.build(orderOf(project), treeOf(project), options));
      expect(lines.join('\n')).toContain('building v1');
    });

    test('stops a build that is told to, and leaves nothing of it', async () => {
      const { builder, madeFor, projects, leftovers } = await fresh();
      const { endless } = projects;
      const order = orderOf(endless);
      const abort = new AbortController();
      const onProgress = ({ text }: { text: string }) => {
        if (text.includes('waiting')) abort.abort();
      };
      const build = builder.build(order, treeOf(endless), { onProgress, signal: abort.signal });
      expect(await left(build)).toMatchObject(cancelled);
      expect(await leftovers()).toEqual([]);
      expect(await madeFor(order.key)).toEqual([]);
    });

    test('begins nothing after it was told to stop', async () => {
      const { builder, projects } = await fresh();
      const order = orderOf(projects.app('v1'));
      const error = await left(builder.build(order, noTree, { ...quiet(), signal: AbortSignal.abort() }));
      expect(error).toMatchObject(cancelled);
    });

    test('refuses what is not possible here', async () => {
      const { builder, madeFor, projects, impossible, leftovers } = await fresh();
      const project = projects.app('v1');
      expect(impossible).not.toEqual([]);
      for (const inputs of impossible) {
        const order = { ...orderOf(project), inputs };
        const error = await left(builder.build(order, treeOf(project), quiet()));
        expect(error).toMatchObject({ kind: 'permanent', code: 'builder/refused' });
        expect(await madeFor(order.key)).toEqual([]);
      }
      expect(await leftovers()).toEqual([]);
    });

    test('passes on why there is no tree', async () => {
      const { builder, projects, leftovers } = await fresh();
      const gone: PortError = { kind: 'permanent', code: 'sources/commit-gone', message: 'It was here yesterday.' };
      expect(await left(builder.build(orderOf(projects.app('v1')), TE.left(gone), quiet()))).toEqual(gone);
      expect(await leftovers()).toEqual([]);
    });

    test('makes no image of a tree that breaks off', async () => {
      const { builder, madeFor, projects, leftovers } = await fresh();
      const project = projects.app('v1');
      const order = orderOf(project);
      const error = await left(builder.build(order, TE.right(brokenOff(project.tree())), quiet()));
      expect(error).toMatchObject({ kind: 'transient' });
      expect(await leftovers()).toEqual([]);
      expect(await madeFor(order.key)).toEqual([]);
    });

    test('fails for now when the engine cannot be asked', async () => {
      const { builder, projects, disconnect } = await fresh();
      const project = projects.app('v1');
      await disconnect();
      const error = await left(builder.build(orderOf(project), treeOf(project), quiet()));
      expect(error).toMatchObject({ kind: 'transient', code: 'builder/unreachable' });
    });
  });
};

const cancelled = { kind: 'transient', code: 'builder/cancelled' };

const aKey = () => StepKey.parse(`build-${randomUUID()}`);

const orderOf = ({ inputs }: Project): BuildOrder => ({
  key: aKey(),
  deployment: DeploymentId.parse(`d-${randomUUID()}`),
  environment: EnvironmentId.parse('shop-production'),
  commit: CommitId.parse(randomBytes(20).toString('hex')),
  inputs,
});

const treeOf = ({ tree }: Project): TE.TaskEither<PortError, AsyncIterable<Uint8Array>> => TE.fromIO(tree);

/** For builds that must not need a tree. */
const noTree: TE.TaskEither<PortError, AsyncIterable<Uint8Array>> = () =>
  Promise.reject(new Error('the tree was asked for, with nothing to build'));

const quiet = () => ({ onProgress: () => {}, signal: new AbortController().signal });

/** The first half of a stream, then the failure of whoever gives it. */
async function* brokenOff(tree: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  yield whole.subarray(0, whole.length / 2);
  throw new Error('the connection was lost');
}
