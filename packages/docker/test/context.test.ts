import { text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Context,
  dockerfileContext,
  staticContext,
  wantedForDockerfile,
  wantedForStatic,
} from '../src/context.ts';
import { CancelledTree, keepTree, RefusedTree } from '../src/tree-file.ts';
import { never } from './orders.ts';

type Entry = Readonly<{
  name: string;
  type?: 'symlink' | 'link' | 'directory' | 'fifo';
  linkname?: string;
  mode?: number;
}>;

/** Entries as they are given, however impossible for git. */
async function* tree(...entries: readonly (Entry & { content?: string })[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const { content = '', ...header } of entries) tar.entry(header, content);
  tar.finalize();
  for await (const chunk of tar) yield Buffer.from(chunk as Uint8Array);
}

const file = (name: string, content = '', mode = 0o644) => ({ name, content, mode });
const link = (name: string, linkname: string) => ({ name, linkname, type: 'symlink' }) as const;
const limits = { bytesMax: 1 << 20, signal: never() };

const keep = async (entries: AsyncIterable<Uint8Array>, wanted: Parameters<typeof keepTree>[1]) => {
  const kept = await keepTree(entries, wanted, limits);
  onTestFinished(() => kept.close());
  return kept;
};

const forDockerfile = async (
  entries: AsyncIterable<Uint8Array>,
  path = 'Dockerfile',
  allowed: readonly string[] = [],
) => dockerfileContext(await keep(entries, wantedForDockerfile(path)), path, allowed);

const forStatic = async (entries: AsyncIterable<Uint8Array>, directory: string) =>
  staticContext(await keep(entries, wantedForStatic(directory)), directory, [
    { name: 'Dockerfile', mode: 0o644, content: Buffer.from('ours') },
  ]);

const contentOf = async ({ tar }: Context) => {
  const found: Record<string, string> = {};
  for await (const entry of tar.pipe(extract())) {
    const mode = entry.header.mode.toString(8);
    found[entry.header.name] = `${entry.header.type} ${mode} ${entry.header.linkname ?? ''}${await text(entry)}`;
  }
  return found;
};

describe('a Dockerfile', () => {
  test('is sent with the tree as it came', async () => {
    const context = await forDockerfile(tree(file('Dockerfile', 'FROM scratch'), file('a/b', 'c', 0o755)));
    expect(context.dockerfile).toBe('Dockerfile');
    expect(await contentOf(context)).toEqual({ Dockerfile: 'file 644 FROM scratch', 'a/b': 'file 755 c' });
  });

  test('is found however its path is written', async () => {
    const context = await forDockerfile(tree(file('./deploy//web.Dockerfile')), './deploy/web.Dockerfile');
    expect(context.dockerfile).toBe('deploy/web.Dockerfile');
  });

  test.each([
    ['is not there', [file('other')], 'Dockerfile', 'There is no file Dockerfile.'],
    ['is a folder', [{ name: 'Dockerfile', type: 'directory' as const }], 'Dockerfile', 'There is no file Dockerfile.'],
    ['is a link', [link('Dockerfile', '/etc/passwd')], 'Dockerfile', 'Dockerfile is a symbolic link'],
    ['is behind a link', [link('a', '/etc'), file('a/passwd')], 'a/passwd', 'a is a symbolic link'],
    ['is there twice', [file('Dockerfile'), link('Dockerfile', '/etc/passwd')], 'Dockerfile', 'has Dockerfile twice'],
    ['is there twice, otherwise written', [file('Dockerfile'), file('./x/../Dockerfile')], 'Dockerfile', 'twice'],
    ['is too large', [file('Dockerfile', '#'.repeat(1_100_000))], 'Dockerfile', 'larger than'],
    ['asks for a frontend', [file('Dockerfile', '# syntax=evil/x\n')], 'Dockerfile', '"evil/x", which is not allowed'],
  ])('that %s is refused', async (_case, entries, path, why) => {
    await expect(forDockerfile(tree(...entries), path)).rejects.toThrow(why);
    await expect(forDockerfile(tree(...entries), path)).rejects.toThrow(RefusedTree);
  });

  test('may ask for a frontend that is allowed', async () => {
    const entries = () => tree(file('Dockerfile', '# syntax=good/x@sha256:1\nFROM scratch'));
    await expect(forDockerfile(entries(), 'Dockerfile', ['good/x@sha256:1'])).resolves.toBeDefined();
    await expect(forDockerfile(entries(), 'Dockerfile', ['good/x'])).rejects.toThrow(RefusedTree);
  });

  test('.dockerignore is obeyed, but never hides the Dockerfile', async () => {
    const context = await forDockerfile(
      tree(
        file('.aaa'),
        file('.dockerignore', '*\n!src\nsrc/*.log\n'),
        file('Dockerfile'),
        file('src/a'),
        file('src/b.log'),
      ),
    );
    expect(Object.keys(await contentOf(context))).toEqual(['Dockerfile', 'src/a']);
  });

  test('has a .dockerignore of its own before the common one', async () => {
    const context = await forDockerfile(
      tree(
        file('.dockerignore', 'a'),
        file('web.Dockerfile'),
        file('web.Dockerfile.dockerignore', 'b'),
        file('a'),
        file('b'),
      ),
      'web.Dockerfile',
    );
    expect(Object.keys(await contentOf(context))).toContain('a');
    expect(Object.keys(await contentOf(context))).not.toContain('b');
  });
});

describe('static files', () => {
  test('are those of the folder, readable by whoever serves them', async () => {
    const context = await forStatic(
      tree(
        file('dist/index.html', 'hi', 0o600),
        file('dist/Dockerfile', 'theirs'),
        file('dist/run', '', 0o700),
        file('secret'),
      ),
      'dist/',
    );
    expect(await contentOf(context)).toEqual({
      Dockerfile: 'file 644 ours',
      'site/index.html': 'file 644 hi',
      'site/Dockerfile': 'file 644 theirs',
      'site/run': 'file 755 ',
    });
  });

  test('may be the whole tree', async () => {
    const context = await forStatic(tree(file('index.html', 'hi')), '.');
    expect(Object.keys(await contentOf(context))).toEqual(['Dockerfile', 'site/index.html']);
  });

  test.each([
    ['is not there', [file('index.html')]],
    ['has nothing in it', [{ name: 'dist', type: 'directory' as const }]],
    ['is a link', [link('dist', '/etc')]],
    ['only begins alike', [file('distant/index.html')]],
  ])('of a folder that %s are refused', async (_case, entries) => {
    await expect(forStatic(tree(...entries), 'dist')).rejects.toThrow('There are no files in dist.');
  });
});

describe('a tree', () => {
  const wanted = wantedForDockerfile('Dockerfile');

  test.each([
    ['leaves itself', [file('../x')], 'outside'],
    ['leaves itself in the middle', [file('a/../../x')], 'outside'],
    ['starts at the root', [file('/etc/passwd')], 'outside'],
    ['has a hard link', [{ name: 'a', type: 'link' as const, linkname: '/etc/passwd' }], 'link'],
    ['has a pipe', [{ name: 'a', type: 'fifo' as const }], 'fifo'],
    ['is too large', [file('a', 'x'.repeat(2 << 20))], 'larger'],
  ])('that %s is refused', async (_case, entries, why) => {
    const refusal = keepTree(tree(...entries), wanted, limits);
    await expect(refusal).rejects.toThrow(why);
    await expect(refusal).rejects.toBeInstanceOf(RefusedTree);
  });

  test('that is silent is given up when the signal comes, and its iteration ended', async () => {
    let ended = false;
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          ended = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const abort = new AbortController();
    const kept = keepTree(silent, wanted, { ...limits, signal: abort.signal });
    abort.abort();
    await expect(kept).rejects.toBeInstanceOf(CancelledTree);
    expect(ended).toBe(true);
  });

  test('that is no tar, or not all of one, is neither refused nor taken', async () => {
    for (const bytes of [
      Buffer.alloc(4096, 'x'),
      Buffer.concat([await bytesOf(tree(file('a', 'b'.repeat(5000))))]).subarray(0, 3000),
    ]) {
      const kept = keepTree(oneChunk(bytes), wanted, limits);
      await expect(kept).rejects.toThrow();
      await expect(kept).rejects.not.toBeInstanceOf(RefusedTree);
    }
  });
});

async function* oneChunk(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const bytesOf = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
};
