/** What the pages show is what the code does: blocks compile, the example runs, the reference is current, links lead somewhere. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { localRuntime } from '@recourse/local';
import { right } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { referenceFile, renderEventReference } from '../scripts/docs/render-event-reference.ts';
import { anchorsOf, type Block, blocksOf, fileNameOf, linksOf, pages, root } from './support/markdown.ts';

const run = promisify(execFile);
const quickstart = (file: string) => join(root, 'examples', 'quickstart', file);
const example = quickstart('main.ts');

describe('the example in the README', () => {
  const [story, printed, platform] = blocksOf('README.md');

  test('is the quickstart, word for word', () => {
    expect(story?.code).toBe(readFileSync(example, 'utf8'));
    expect(platform?.code).toBe(readFileSync(quickstart('platform.ts'), 'utf8'));
  });

  test('prints what the README says, and leaves nothing behind', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'recourse-docs-'));
    onTestFinished(() => stopEverything(temporary));
    const { stdout } = await run(process.execPath, ['--conditions=@recourse/source', example], {
      env: { ...process.env, TMPDIR: temporary },
      timeout: 100_000,
    });
    expect(stdout).toBe(printed?.code);
    expect(readdirSync(temporary)).toEqual([]);
  }, 120_000);
});

/** Apps that an example which failed half-way left running. */
const stopEverything = async (temporary: string): Promise<void> => {
  for (const name of readdirSync(temporary)) {
    const directory = join(temporary, name, 'engine');
    if (!existsSync(directory)) continue;
    const runtime = localRuntime({ directory });
    for (const { key } of await right(runtime.list())) await right(runtime.stop(key, { graceMs: 1_000 }));
  }
  rmSync(temporary, { recursive: true, force: true });
};

describe('the TypeScript in the pages', () => {
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'ts');

  test('compiles', async () => {
    mkdirSync(join(root, '.vitest'), { recursive: true });
    const folder = mkdtempSync(join(root, '.vitest', 'docs-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // A block of the guide may import what the example has that it is part of.
    cpSync(join(root, 'examples', 'own-adapter'), join(folder, 'docs', 'adapters'), {
      recursive: true,
      filter: (path) => !/[/\\](?:test|node_modules)$/.test(path),
    });
    const written = blocks.filter(({ page }) => page !== 'README.md').map((block) => write(folder, block));
    writeFileSync(join(folder, 'context.d.ts'), context);
    const files = [example, join(folder, 'context.d.ts'), ...written];
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...tsconfig, files }));

    const { stdout } = await run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    // What is wrong in a package is told by the type check of the packages.
    expect(stdout.split('\n').filter((line) => /^(?:\.vitest|examples)\//.test(line))).toEqual([]);
    expect(written.length).toBeGreaterThan(3);
  }, 120_000);
});

/** Blocks of one page may import each other; those without a name are called after page and place. */
const write = (folder: string, block: Block): string => {
  const at = join(folder, dirname(block.page));
  mkdirSync(at, { recursive: true });
  const name = fileNameOf(block) ?? `${block.page.split('/').at(-1)}-${block.number}.ts`;
  writeFileSync(join(at, name), block.code);
  return join(at, name);
};

/** What a block may use without saying where it comes from. */
const context = `import type { EnvironmentId, Rejection } from '@recourse/core';
import type { RecourseOptions, Recourse, Worker } from '@recourse/engine';
import type { Either } from 'fp-ts/lib/Either.js';
declare global {
  const environment: EnvironmentId;
  const options: RecourseOptions;
  const recourse: Recourse;
  const worker: Worker;
  function answered<A>(answer: Either<Rejection, A>): A;
}
`;

const tsconfig = {
  extends: '../../tsconfig.base.json',
  compilerOptions: {
    ...{ composite: false, declarationMap: false, sourceMap: false, noEmit: true, types: ['node'] },
    ...{ moduleDetection: 'force', noUnusedLocals: false },
  },
};

test('the reference of the events is what the schemas say (npm run docs)', () => {
  expect(readFileSync(referenceFile, 'utf8')).toBe(renderEventReference());
});

test.each(pages)('every link in %s leads somewhere', (page) => {
  const lost = linksOf(page).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? join(root, page) : join(root, dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsOf(relative(root, file)).includes(anchor);
  });
  expect(lost).toEqual([]);
});
