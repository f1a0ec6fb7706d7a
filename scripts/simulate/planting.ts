/** Copies of the library in which a bug can be planted: sources alone, in a folder that goes with this process. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One place in the source, and what it is changed to. */
export type Change = Readonly<{
  file: string;
  /** Exactly one place. */
  from: string;
  to: string;
}>;

export type Copy = Readonly<{
  folder: string;
  /** With these changes made, for as long as `then` takes. */
  with<A>(changes: readonly Change[], then: () => Promise<A>): Promise<A>;
}>;

const root = join(import.meta.dirname, '..', '..');
const packages = ['core', 'engine', 'testing'];

export const copyLibrary = (): Copy => {
  const folder = mkdtempSync(join(tmpdir(), 'recourse-mutants-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const part of packages)
    for (const path of ['src', 'package.json'])
      cpSync(join(root, 'packages', part, path), join(folder, 'packages', part, path), { recursive: true });
  cpSync(join(root, 'scripts', 'simulate'), join(folder, 'scripts', 'simulate'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  linkModules(folder);
  return { folder, with: (changes, then) => changed(folder, changes, then) };
};

const linkModules = (folder: string): void => {
  const modules = join(root, 'node_modules');
  mkdirSync(join(folder, 'node_modules', '@recourse'), { recursive: true });
  for (const name of readdirSync(modules))
    if (name !== '@recourse' && !name.startsWith('.'))
      symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  for (const part of packages)
    symlinkSync(join(folder, 'packages', part), join(folder, 'node_modules', '@recourse', part));
};

const changed = async <A>(folder: string, changes: readonly Change[], then: () => Promise<A>): Promise<A> => {
  const sound = new Map<string, string>();
  try {
    for (const { file, from, to } of changes) {
      const path = join(folder, file);
      const text = readFileSync(path, 'utf8');
      if (!sound.has(path)) sound.set(path, text);
      if (text.split(from).length !== 2) throw new Error(`A place to change is not in ${file} exactly once:\n${from}`);
      writeFileSync(
        path,
        text.replace(from, () => to),
      );
    }
    return await then();
  } finally {
    for (const [path, text] of sound) writeFileSync(path, text);
  }
};
