/** Tars, and files of this package's own, over what is wrong, nearly right, and far too much. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { CommitId, type PortError, StepKey } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readManifest, writeBundle } from '../src/bundle.ts';
import { Failure } from '../src/failure.ts';
import { findInstance } from '../src/instance-files.ts';
import { openLayout } from '../src/layout.ts';
import { lineReader } from '../src/lines.ts';
import { insidePath, unpack } from '../src/unpack.ts';
import { collect, commandInputs } from './projects.ts';

vi.setConfig({ testTimeout: 60_000 });

const texts = some.large.filter((value): value is string => typeof value === 'string');

const folderOfThisTest = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-fuzz-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const problem = (why: string) => (): PortError => ({ kind: 'permanent', code: 'test/no', message: why });
const options = {
  limits: { entriesMax: 50, bytesMax: 100_000, depthMax: 10 },
  problems: { refused: problem('refused'), brokenOff: problem('broken off'), cancelled: problem('cancelled') },
  signal: new AbortController().signal,
};

test('a tar that is spoiled anywhere is refused, or unpacked inside of its folder', async () => {
  const made = pack();
  made.entry({ name: 'a/b' }, 'x'.repeat(700));
  made.entry({ name: 'link', type: 'symlink', linkname: 'a/b' });
  made.entry({ name: 'c', pax: { comment: 'x' } }, 'y');
  made.finalize();
  const tar = await collect(made);
  const parent = await folderOfThisTest();
  let [runs, taken] = [0, 0];
  const spoil = fc.array(fc.tuple(fc.nat({ max: tar.length - 1 }), fc.uint8Array({ minLength: 1, maxLength: 12 })), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(spoil, async (spoils) => {
      const copy = Buffer.from(tar);
      for (const [at, by] of spoils) copy.set(by.subarray(0, copy.length - at), at);
      const outer = join(parent, String(++runs));
      await mkdir(join(outer, 'root'), { recursive: true });
      const failure = await unpack(stream(copy), join(outer, 'root'), options).catch((cause: unknown) => cause);
      if (failure === undefined) taken += 1;
      else expect(failure).toBeInstanceOf(Failure);
      expect(await readdir(outer)).toEqual(['root']);
    }),
    { numRuns: 500 },
  );
  expect(taken).toBeGreaterThan(20);
});

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('a path is none, or one inside, in its shortest form', () => {
  const part = fc.constantFrom('a', '..', '.', '', ' ', '\0', '\ufffd', 'a..', '...', 'x'.repeat(300), '\\', '~', 'é');
  const check = (name: string) => {
    const path = insidePath(name, 5);
    if (path === null) return;
    expect(normalize(join('/root', path))).toBe(path === '' ? '/root' : `/root/${path}`);
    expect(path.split('/').length).toBeLessThanOrEqual(5);
    expect(insidePath(path, 5)).toBe(path);
  };
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => check(parts.join('/'))),
    { numRuns: 5_000 },
  );
  fc.assert(fc.property(some.hostileText, check));
  for (const text of texts) check(text);
});

test('what a process prints comes in lines that are short and can be kept, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (chunks) => {
      const reader = lineReader();
      const lines = [...chunks.flatMap((chunk) => reader.read(chunk)), ...reader.rest()];
      for (const line of lines) expect(line).not.toMatch(/[^\P{Cc}\t]|\p{Cs}/u);
    }),
    { numRuns: 1_000 },
  );
  for (const text of texts) {
    const reader = lineReader();
    const lines = [...reader.read(Buffer.from(text)), ...reader.rest()];
    expect(lines.every((line) => line.length <= 2_000)).toBe(true);
  }
});

test('a bundle that is spoiled has no manifest, or one that is right', async () => {
  const folder = await folderOfThisTest();
  await mkdir(join(folder, 'tree'));
  const manifest = {
    format: 1,
    commit: CommitId.parse('c'.repeat(40)),
    inputs: commandInputs(null, ['x']),
    runnable: true,
  } as const;
  await writeBundle(manifest, join(folder, 'tree'), join(folder, 'good'));
  const good = await readFile(join(folder, 'good'));
  expect(await readManifest(join(folder, 'good'))).toEqual(manifest);
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 800 }),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.nat({ max: good.length }),
      async (at, by, length) => {
        const bad = Buffer.from(good);
        bad.set(by, at);
        await writeFile(join(folder, 'bad'), bad.subarray(0, length));
        const read = await readManifest(join(folder, 'bad')).catch((error: unknown) => error);
        if (!(read instanceof Error)) expect(Object.keys(read as object).sort()).toEqual(Object.keys(manifest).sort());
      },
    ),
    { numRuns: 500 },
  );
});

test('a record of an instance that is spoiled is none of ours', async () => {
  const layout = openLayout(join(await folderOfThisTest(), 'engine'));
  const key = StepKey.parse('run-1');
  const record = {
    format: 1,
    id: 'run-1.a',
    key,
    deployment: 'd-1',
    environment: 'shop',
    digest: `sha256:${'a'.repeat(64)}`,
    port: 80,
    start: ['x'],
  };
  const file = join(layout.instances, key, 'run-1.a', 'record.json');
  await mkdir(join(layout.instances, key, 'run-1.a'), { recursive: true });
  const written = fc.oneof(
    fc.constant(JSON.stringify(record)),
    some
      .spoiled(fc.constant(record))
      .map((value) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? 1 : part)) ?? ''),
    fc.string({ unit: 'binary' }),
    fc.json(),
  );
  let found = 0;
  await fc.assert(
    fc.asyncProperty(written, async (text) => {
      await writeFile(file, text);
      const instance = await findInstance(layout, key);
      if (instance === null) return;
      found += 1;
      expect(instance.start.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
  expect(found).toBeGreaterThan(20);
});
