import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { CommitId, GitRef, type RepositoryUrl, type Sources } from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { left, right } from './outcome.ts';
import { untar } from './untar.ts';

/** What is in a commit: contents by path. */
export type Files = Readonly<Record<string, string>>;

/** One adapter under test, and the hands that reach around it: they change the remote without its knowing. */
export type SourcesUnderTest = Readonly<{
  sources: Sources;
  repository: RepositoryUrl;
  /** A URL of the same remote under which there is no repository. */
  nowhere: RepositoryUrl;
  /** Adds a commit with exactly these files to the branch, which is made if it is new. */
  commit(branch: string, files: Files): Promise<CommitId>;
  /** Makes an annotated tag. */
  tag(name: string, commit: CommitId): Promise<void>;
  /** Puts the branch on a commit without a past. What only this branch led to is gone from the remote for good. */
  forcePush(branch: string, files: Files): Promise<CommitId>;
  /** Makes the remote unreachable until `close`. */
  disconnect(): Promise<void>;
  /** How many processes, connections and the like the adapter holds now. */
  held(): Promise<number>;
  close(): Promise<void>;
}>;

/** What every Sources adapter owes. A clause may be added in a minor release; an adapter may not opt out of one. */
export const sourcesConformance = (adapter: string, open: () => Promise<SourcesUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };
  const ref = (name: string) => GitRef.parse(name);
  const signal = new AbortController().signal;
  const timeout = 60_000;
  const patience = { timeout: 10_000 };

  describe(`${adapter} as Sources`, { timeout }, () => {
    test('resolves a branch to the commit it is at now', async () => {
      const { sources, repository, commit } = await fresh();
      const first = await commit('main', { version: '1' });
      expect(await right(sources.resolve(repository, ref('main'), signal))).toBe(first);
      const second = await commit('main', { version: '2' });
      expect(await right(sources.resolve(repository, ref('main'), signal))).toBe(second);
    });

    test('resolves a tag to the commit that it names', async () => {
      const { sources, repository, commit, tag } = await fresh();
      const released = await commit('main', { version: '1' });
      await tag('v1', released);
      await commit('main', { version: '2' });
      expect(await right(sources.resolve(repository, ref('v1'), signal))).toBe(released);
    });

    test('takes a branch before a tag of the same name, and a full name exactly', async () => {
      const { sources, repository, commit, tag } = await fresh();
      const tagged = await commit('main', { version: 'tag' });
      await tag('stable', tagged);
      const branched = await commit('stable', { version: 'branch' });
      expect(await right(sources.resolve(repository, ref('stable'), signal))).toBe(branched);
      expect(await right(sources.resolve(repository, ref('refs/heads/stable'), signal))).toBe(branched);
      expect(await right(sources.resolve(repository, ref('refs/tags/stable'), signal))).toBe(tagged);
    });

    test.each(['x', 'feature', 'feature/xy', 'refs/heads/x', 'heads/feature/x'])(
      'does not take "%s" for the branch feature/x',
      async (name) => {
        const { sources, repository, commit } = await fresh();
        await commit('feature/x', { version: '1' });
        expect(await left(sources.resolve(repository, ref(name), signal))).toMatchObject({
          kind: 'permanent',
          code: 'sources/ref-not-found',
        });
      },
    );

    test('gives the tree of the very commit, also when its branch has moved on', async () => {
      const { sources, repository, commit } = await fresh();
      const files = { 'package.json': '{}', 'src/a b/ü.txt': 'ü\r\n', 'src/empty': '', [longPath]: 'deep' };
      const resolved = await commit('main', files);
      await commit('main', { 'package.json': '{"moved":true}' });
      expect(await filesOf(sources, repository, resolved)).toEqual(files);
    });

    test('gives a tree as often as it is asked for, and several at once', async () => {
      const { sources, repository, commit } = await fresh();
      const versions = ['1', '2', '3', '4'];
      const commits: CommitId[] = [];
      for (const version of versions) commits.push(await commit('main', { version }));
      const asked = [...commits, ...commits].map((id) => filesOf(sources, repository, id));
      expect(await Promise.all(asked)).toEqual([...versions, ...versions].map((version) => ({ version })));
    });

    test('says that a commit is gone when the remote no longer has it', async () => {
      const { sources, repository, commit, forcePush } = await fresh();
      const lost = await commit('main', { version: 'lost' });
      const kept = await forcePush('main', { version: 'kept' });
      expect(await left(sources.tree(repository, lost, signal))).toMatchObject({
        kind: 'permanent',
        code: 'sources/commit-gone',
      });
      expect(await filesOf(sources, repository, kept)).toEqual({ version: 'kept' });
    });

    test('says that a commit is gone which never was', async () => {
      const { sources, repository, commit } = await fresh();
      await commit('main', { version: '1' });
      const never = CommitId.parse('1234567890'.repeat(4));
      expect(await left(sources.tree(repository, never, signal))).toMatchObject({
        kind: 'permanent',
        code: 'sources/commit-gone',
      });
    });

    test('says that there is no repository', async () => {
      const { sources, nowhere, commit } = await fresh();
      const elsewhere = await commit('main', { version: '1' });
      const notFound = { kind: 'permanent', code: 'sources/repository-not-found' };
      expect(await left(sources.resolve(nowhere, ref('main'), signal))).toMatchObject(notFound);
      expect(await left(sources.tree(nowhere, elsewhere, signal))).toMatchObject(notFound);
    });

    test('never says gone when it could not ask', async () => {
      const { sources, repository, commit, disconnect } = await fresh();
      const there = await commit('main', { version: '1' });
      await disconnect();
      const unreachable = { kind: 'transient', code: 'sources/unreachable' };
      expect(await left(sources.resolve(repository, ref('main'), signal))).toMatchObject(unreachable);
      expect(await left(sources.tree(repository, there, signal))).toMatchObject(unreachable);
    });

    test('does nothing for a signal that has aborted', async () => {
      const { sources, repository, commit, held } = await fresh();
      const there = await commit('main', { version: '1' });
      const aborted = AbortSignal.abort();
      const cancelled = { kind: 'transient', code: 'sources/cancelled' };
      expect(await left(sources.resolve(repository, ref('main'), aborted))).toMatchObject(cancelled);
      expect(await left(sources.tree(repository, there, aborted))).toMatchObject(cancelled);
      expect(await held()).toBe(0);
    });

    test('rejects the iteration that a signal ends, and lets everything go', async () => {
      const { sources, repository, commit, held } = await fresh();
      const large = await commit('main', { large: noise(4_000_000) });
      const cancel = new AbortController();
      const tree = await right(sources.tree(repository, large, cancel.signal));
      const reading = (async () => {
        for await (const _ of tree) cancel.abort();
      })();
      await expect(reading).rejects.toMatchObject({ kind: 'transient', code: 'sources/cancelled' });
      await expect.poll(held, patience).toBe(0);
    });

    test('lets everything go when the iteration ends early, or never begins', async () => {
      const { sources, repository, commit, held } = await fresh();
      const large = await commit('main', { large: noise(4_000_000) });
      const tree = await right(sources.tree(repository, large, signal));
      for await (const chunk of tree) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      await right(sources.tree(repository, large, signal));
      await expect.poll(held, patience).toBe(0);
    });

    test('goes no faster than its reader, and holds a process or stream while it is read', async () => {
      const { sources, repository, commit, held } = await fresh();
      const large = await commit('main', { large: noise(4_000_000) });
      const reader = (await right(sources.tree(repository, large, signal)))[Symbol.asyncIterator]();
      await reader.next();
      // The rest is far too large for any buffer between us: somebody must still be waiting to write it.
      expect(await held()).toBeGreaterThan(0);
      await reader.return?.();
      await expect.poll(held, patience).toBe(0);
    });
  });
};

/** Too long for the name field of a plain tar header, and for its prefix. */
const longPath = `${'directory-with-a-long-name/'.repeat(12)}file.txt`;

const noise = (bytes: number) => randomBytes(bytes / 2).toString('hex');

const filesOf = async (sources: Sources, repository: RepositoryUrl, commit: CommitId): Promise<Files> => {
  const tree = await right(sources.tree(repository, commit, new AbortController().signal));
  const entries = [...untar(await buffer(tree))].filter(([, { kind }]) => kind === 'file');
  return Object.fromEntries(entries.map(([path, { content }]) => [path, content]));
};
