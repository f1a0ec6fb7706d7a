/** Who may import whom, and what a part may touch. An arrow that is missing here is a decision to take. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  importsOf,
  isNode,
  membersUsedIn,
  namesUsedIn,
  nodesIn,
  packageOf,
  parse,
  type SourceFile,
  sourceFiles,
} from './support/code.ts';
import { root } from './support/markdown.ts';

/** Every file is parsed, and the machine may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const Versions = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  name: z.string(),
  dependencies: Versions,
  peerDependencies: Versions,
  /** `.` and whatever else may be imported of it. */
  exports: z.record(z.string(), z.unknown()).default({}),
  /** The ports that an adapter implements. */
  recourse: z.strictObject({ implements: z.array(z.string()) }).optional(),
});
type Manifest = z.infer<typeof Manifest>;

const packages = readdirSync(join(root, 'packages')).map((folder) => ({
  folder,
  manifest: Manifest.parse(JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))),
  sources: sourceFiles.filter(({ path }) => path.startsWith(`packages/${folder}/src/`)),
  tests: sourceFiles.filter(({ path }) => path.startsWith(`packages/${folder}/test/`)),
}));

const file = (text: string, path = 'made-up.ts'): SourceFile => ({ path, text });

/** What the parts may import. An adapter may import core and what it declares, but no package of ours beside core. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: ['fp-ts', 'ts-pattern', 'zod'],
  engine: ['@recourse/core', 'fp-ts', 'ts-pattern', 'zod'],
  testing: ['@recourse/core', '@recourse/engine', 'fp-ts', 'ts-pattern', 'zod', 'fast-check', 'vitest', 'node:*'],
  http: ['@recourse/core', '@recourse/engine', 'fp-ts', 'ts-pattern', 'zod', 'node:*'],
  cli: ['@recourse/core', '@recourse/engine', '@recourse/http', 'fp-ts', 'ts-pattern', 'zod', 'node:*'],
};

const allowedFor = (folder: string, { dependencies, peerDependencies, recourse }: Manifest): readonly string[] => {
  const listed = mayImport[folder];
  if (listed !== undefined) return listed;
  if (recourse === undefined)
    throw new Error(`packages/${folder} neither has a rule here nor says which ports it implements`);
  const theirs = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !name.startsWith('@recourse/'));
  return ['@recourse/core', 'node:*', ...theirs];
};

const forbidden = (source: SourceFile, allowed: readonly string[]): readonly string[] =>
  importsOf(source).filter(
    (specifier) => !allowed.includes(packageOf(specifier) ?? specifier) && packageOf(specifier) !== null,
  );

describe('a part imports only what it may', () => {
  test.each(packages)('$folder', ({ folder, manifest, sources }) => {
    const allowed = allowedFor(folder, manifest);
    expect(sources.length).toBeGreaterThan(0);
    const broken = sources.flatMap((source) => forbidden(source, allowed).map((what) => `${source.path}: ${what}`));
    expect(broken).toEqual([]);
  });

  test.each([
    ["import { spawn } from 'node:child_process';", 'node:child_process'],
    ["import type { Recourse } from '@recourse/engine';", '@recourse/engine'],
    ["export { dockerImages } from '@recourse/docker';", '@recourse/docker'],
    ["export * from '@recourse/git';", '@recourse/git'],
    ["const later = await import('lodash');", 'lodash'],
    ["type Late = import('dockerode').Container;", 'dockerode'],
    ["import 'zod/mini'; import 'left-pad';", 'left-pad'],
  ])('it would notice %s', (text, noticed) => {
    expect(forbidden(file(text), ['zod'])).toEqual([noticed]);
  });

  test('it does not take a comment, a text or a file of its own for an import', () => {
    const text = "// import 'a';\n/* from 'b' */\nconst x = \"import 'c'\"; import './d.ts'; const y = `from 'e'`;";
    expect(forbidden(file(text), [])).toEqual([]);
  });

  test('it would notice an adapter that imports another', () => {
    const manifest = Manifest.parse({
      name: 'x',
      dependencies: { '@recourse/git': '1', dockerode: '5' },
      recourse: { implements: [] },
    });
    expect(allowedFor('x', manifest)).not.toContain('@recourse/git');
    expect(() => allowedFor('y', Manifest.parse({ name: 'y' }))).toThrow('neither has a rule');
  });
});

/** Time, chance and the rest of the world come in through ports, which is what lets a simulated world own them. */
const impureNames = [
  ...['Date', 'performance', 'process', 'crypto', 'Buffer', 'console', 'require', 'globalThis', 'navigator', 'fetch'],
  ...[
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'structuredClone',
    'WeakRef',
    'FinalizationRegistry',
  ],
];
const impureMembers = ['Math.random', 'Atomics.wait', 'Intl.DateTimeFormat'];

const impure = (source: SourceFile): readonly string[] => [
  ...namesUsedIn(source).filter((name) => impureNames.includes(name)),
  ...membersUsedIn(source).filter((member) => impureMembers.includes(member)),
  ...importsOf(source).filter((specifier) => specifier.startsWith('node:')),
];

describe('core and engine take time, chance and the world from their ports', () => {
  test.each(packages.filter(({ folder }) => folder === 'core' || folder === 'engine'))('$folder', ({ sources }) => {
    expect(sources.flatMap((source) => impure(source).map((what) => `${source.path}: ${what}`))).toEqual([]);
  });

  test.each([
    ['const now = Date.now();', 'Date'],
    ['const now = new Date();', 'Date'],
    ['const dice = Math.random();', 'Math.random'],
    ["const dice = Math['random']();", 'Math.random'],
    ['setTimeout(() => {}, 1);', 'setTimeout'],
    ['const { env } = process;', 'process'],
    ['const id = crypto.randomUUID();', 'crypto'],
    ['const later = { Date };', 'Date'],
    ["import { readFileSync } from 'node:fs';", 'node:fs'],
  ])('it would notice %s', (text, noticed) => {
    expect(impure(file(text))).toContain(noticed);
  });

  test('it does not take a member, a field, a comment or a text for the thing', () => {
    const text = "// Date\nconst at = { Date: 1, process: '' }; at.Date; at.process; 'Math.random()'; Math.max(1, 2);";
    expect(impure(file(text))).toEqual([]);
  });
});

describe('packages meet at their front doors', () => {
  const doors = packages.flatMap(({ manifest }) =>
    Object.keys(manifest.exports).map((path) => join(manifest.name, path)),
  );

  const around = (source: SourceFile): readonly string[] =>
    importsOf(source).filter((specifier) => {
      // A script is this repository's own business: it may reach what nobody else is given.
      if (source.path.startsWith('scripts/') && specifier.startsWith('.')) return false;
      const [, owner] = /^(packages\/[^/]+)\//.exec(source.path) ?? [];
      const reached = specifier.startsWith('.') ? join(source.path, '..', specifier) : '';
      const [, other] = /^(packages\/[^/]+)\/src\//.exec(reached) ?? [];
      const isPart = /^@recourse\/[^/]+\//.test(specifier) && !doors.includes(specifier);
      return isPart || (other !== undefined && other !== owner);
    });

  test('nobody imports a part of another package', () => {
    expect(sourceFiles.flatMap((source) => around(source).map((what) => `${source.path}: ${what}`))).toEqual([]);
  });

  test.each([
    ["import { evolve } from '@recourse/core/src/index.ts';", 'packages/git/test/a.test.ts'],
    ["import { some } from '@recourse/testing/arbitraries';", 'packages/git/test/a.test.ts'],
    ["import { createKernel } from '@recourse/testing/simulation/kernel';", 'packages/git/test/a.test.ts'],
    ["import { evolve } from '../../core/src/index.ts';", 'packages/git/test/a.test.ts'],
    ["import { evolve } from '../packages/core/src/index.ts';", 'test/a.test.ts'],
  ])('it would notice %s', (text, path) => {
    expect(around(file(text, path))).toHaveLength(1);
  });

  test('a package may have more than one', () => {
    expect(around(file("import { simulate } from '@recourse/testing/simulation';", 'test/a.test.ts'))).toEqual([]);
  });

  test('its own files are its own', () => {
    expect(around(file("import '../src/index.ts'; import '@recourse/core';", 'packages/git/test/a.test.ts'))).toEqual(
      [],
    );
  });
});

/** What somebody who installs this package has to bring along because of what it stands on. */
const inherited = ({ dependencies }: Manifest): readonly string[] =>
  packages.flatMap(({ manifest }) => (manifest.name in dependencies ? Object.keys(manifest.peerDependencies) : []));

/** In both directions: what is used is declared, what is declared is used. */
const disagreement = (manifest: Manifest, sources: readonly SourceFile[]) => {
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const used = new Set(sources.flatMap(importsOf).flatMap((specifier) => packageOf(specifier) ?? []));
  used.delete('node:*');
  return {
    undeclared: [...used].filter((name) => !declared.includes(name)).sort(),
    unused: declared.filter((name) => !used.has(name) && !inherited(manifest).includes(name)).sort(),
  };
};

describe('declared dependencies are the ones used', () => {
  test.each(packages)('$folder', ({ manifest, sources }) => {
    expect(disagreement(manifest, sources)).toEqual({ undeclared: [], unused: [] });
  });

  test('it would notice one that is missing, and one too many', () => {
    const manifest = Manifest.parse({ name: 'x', dependencies: { 'fp-ts': '2' }, peerDependencies: { zod: '4' } });
    expect(disagreement(manifest, [file("import 'zod'; import 'ts-pattern'; import 'node:fs';")])).toEqual({
      undeclared: ['ts-pattern'],
      unused: ['fp-ts'],
    });
  });
});

/** The suites that an implementation of each port owes. */
const suites: Readonly<Record<string, readonly string[]>> = {
  EventStore: ['eventStoreConformance'],
  Snapshots: ['snapshotsConformance'],
  WorkQueue: ['workQueueConformance', 'durableWorkQueueConformance'],
  Images: ['imagesConformance'],
  Builder: ['builderConformance'],
  Sources: ['sourcesConformance'],
  Runtime: ['runtimeConformance'],
  HealthProbe: ['healthProbeConformance'],
  Router: ['routerConformance'],
  Clock: ['clockConformance'],
  Ids: ['idsConformance'],
  Secrets: ['secretsConformance'],
};

const callsIn = (source: SourceFile): readonly string[] =>
  [...nodesIn(parse(source))].flatMap(({ node }) => {
    const { callee } = node;
    return node.type === 'CallExpression' && isNode(callee) && typeof callee['name'] === 'string'
      ? [callee['name']]
      : [];
  });

const missing = (ports: readonly string[], tests: readonly SourceFile[]): readonly string[] => {
  const called = new Set(tests.flatMap(callsIn));
  return ports.filter((port) => !(suites[port] ?? [`no suite for ${port}`]).some((suite) => called.has(suite)));
};

/** Exported functions that say of themselves that they give a port: `export const dockerImages = (…): Images =>`. */
const factoriesIn = (source: SourceFile): readonly string[] =>
  [...nodesIn(parse(source))].flatMap(({ node }) => {
    const { declaration } = node;
    if (node.type !== 'ExportNamedDeclaration' || !isNode(declaration)) return [];
    return [...nodesIn(declaration)].flatMap(({ node: inner, parent, as }) => {
      const outermost = parent?.type === 'VariableDeclarator' && as === 'init';
      const typed = inner.type === 'FunctionDeclaration' || (inner.type === 'ArrowFunctionExpression' && outermost);
      if (!typed || !isNode(inner['returnType'])) return [];
      return [...nodesIn(inner['returnType'])].flatMap(({ node: { type, typeName } }) =>
        type === 'TSTypeReference' && isNode(typeName) && String(typeName['name']) in suites
          ? [String(typeName['name'])]
          : [],
      );
    });
  });

describe('no adapter forgets the suite of its port', () => {
  const adapters = packages.flatMap(({ folder, manifest, tests, sources }) =>
    manifest.recourse === undefined ? [] : [{ folder, ports: manifest.recourse.implements, tests, sources }],
  );

  test.each(adapters)('$folder runs the suites of $ports', ({ ports, tests }) => {
    expect(ports.length).toBeGreaterThan(0);
    expect(missing(ports, tests)).toEqual([]);
  });

  test.each(packages)('$folder says which ports it implements', ({ folder, manifest, sources }) => {
    const made = [...new Set(sources.flatMap(factoriesIn))];
    const claimed = manifest.recourse?.implements ?? [];
    if (folder !== 'testing') expect(made.filter((port) => !claimed.includes(port))).toEqual([]);
  });

  test('every port has a suite, and every suite a port', () => {
    const ports = sourceFiles.filter(({ path }) => path.startsWith('packages/core/src/ports/'));
    const declared = ports.flatMap((source) =>
      [...nodesIn(parse(source))].flatMap(({ node: { type, id } }) =>
        type === 'TSInterfaceDeclaration' && isNode(id) ? [String(id['name'])] : [],
      ),
    );
    expect(declared.filter((name) => name !== 'CancelSignal').sort()).toEqual(Object.keys(suites).sort());
    const [index] = sourceFiles.filter(({ path }) => path === 'packages/testing/src/index.ts');
    const exported = [...(index?.text.matchAll(/\b(\w+Conformance)\b/g) ?? [])].map(([name]) => name);
    expect([...new Set(exported)].sort()).toEqual(Object.values(suites).flat().sort());
  });

  test('every port is implemented by somebody', () => {
    const implemented = new Set(adapters.flatMap(({ ports }) => ports));
    expect(Object.keys(suites).filter((port) => !implemented.has(port))).toEqual([]);
  });

  test('it would notice a suite that is named but not called, and a port without a suite', () => {
    const imported = file("import { imagesConformance } from '@recourse/testing'; // imagesConformance('x')");
    expect(missing(['Images'], [imported])).toEqual(['Images']);
    expect(missing(['Images'], [file("imagesConformance('x', open);")])).toEqual([]);
    expect(missing(['Telemetry'], [imported])).toEqual(['Telemetry']);
  });

  test('it would notice a factory that nobody declared', () => {
    expect(factoriesIn(file('export const dockerImages = (options: Options): Images => make(options);'))).toEqual([
      'Images',
    ]);
    expect(factoriesIn(file('export function router(): Promise<Router> { return make(); }'))).toEqual(['Router']);
    expect(
      factoriesIn(file('const hidden = (): Images => make(); export const use = (images: Images): void => {};')),
    ).toEqual([]);
  });
});
