/** A copy of the library to plant mutants in, so that nothing that goes wrong can leave one in the sources. */
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export type Part = 'core' | 'engine';

const packages = ['core', 'engine', 'testing', 'node', 'store-sqlite'];

/** Enough of the repository to run the tests of this part that need nothing but a process. */
export const copyLibrary = (part: Part): string => {
  const copy = mkdtempSync(join(tmpdir(), 'recourse-mutation-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  for (const name of packages)
    for (const path of ['src', 'package.json'])
      cpSync(join(root, 'packages', name, path), join(copy, 'packages', name, path), { recursive: true });
  cpSync(join(root, 'packages', part, 'test'), join(copy, 'packages', part, 'test'), { recursive: true });
  if (part === 'engine')
    cpSync(join(import.meta.dirname, 'campaign.ts'), join(copy, 'scripts', 'mutation', 'campaign.test.ts'));
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  linkModules(copy);
  replaceVitest(copy);
  writeFileSync(join(copy, 'tests.json'), JSON.stringify(testsIn(copy)));
  return copy;
};

const testsIn = (copy: string): readonly string[] =>
  globSync(['scripts/mutation/*.test.ts', 'packages/*/test/**/*.test.ts'], { cwd: copy })
    .filter((file) => !/(?:[/](?:walk|laws|fuzz)|\.process|\.engine)\.test\.ts$/.test(file))
    .map((file) => join(copy, file));

const linkModules = (copy: string): void => {
  const modules = join(root, 'node_modules');
  mkdirSync(join(copy, 'node_modules', '@recourse'), { recursive: true });
  for (const name of readdirSync(modules))
    if (name !== '@recourse' && name !== 'vitest' && !name.startsWith('.'))
      symlinkSync(join(modules, name), join(copy, 'node_modules', name));
  for (const name of packages) symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules', '@recourse', name));
};

const replaceVitest = (copy: string): void => {
  const stand = join(copy, 'node_modules', 'vitest');
  mkdirSync(stand);
  writeFileSync(join(stand, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }));
  writeFileSync(
    join(stand, 'index.js'),
    `export * from ${JSON.stringify(join(import.meta.dirname, 'vitest-here.ts'))};\n`,
  );
};
