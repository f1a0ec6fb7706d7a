/** Whoever adds a dependency says why: docs/dependencies.md has a row for each, with its version, and for nothing else. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { root, textOf } from './support/markdown.ts';

const Versions = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  dependencies: Versions,
  devDependencies: Versions,
  optionalDependencies: Versions,
  peerDependencies: Versions,
});

const manifests = ['packages', 'examples']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name, 'package.json')))
  .filter((path) => existsSync(path));

/** `name version`, of everything that is not ours. */
const declared = [join(root, 'package.json'), ...manifests].flatMap((path) => {
  const { peerDependencies, ...pinned } = Manifest.parse(JSON.parse(readFileSync(path, 'utf8')));
  const all = [...Object.values(pinned), peerDependencies].flatMap((versions) => Object.entries(versions));
  return all.filter(([name]) => !name.startsWith('@recourse/')).map(([name, version]) => `${name} ${version}`);
});

/** The first two cells of each row: names, then every version that is asked for. */
const documented = [...textOf('docs/dependencies.md').matchAll(/^\| (`[^|]+`) \| ([^|]+) \|/gm)].flatMap(
  ([, names = '', versions = '']) =>
    quoted(names).flatMap((name) => quoted(versions).map((version) => `${name} ${version}`)),
);

function quoted(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, inner = '']) => inner);
}

test('every dependency is in docs/dependencies.md, with its version', () => {
  expect(declared.filter((one) => !documented.includes(one))).toEqual([]);
});

test('docs/dependencies.md speaks of nothing that is not there', () => {
  expect(documented.filter((one) => !declared.includes(one))).toEqual([]);
});

test('a pinned dependency has one version in the whole repository', () => {
  const pinned = [...new Set(declared)].filter((one) => /\s\d/.test(one)).map((one) => one.split(' ')[0]);
  expect(pinned.filter((name, i) => pinned.indexOf(name) !== i)).toEqual([]);
});
