/**
 * What is published is what is tested here: every package, built from nothing, packed, and installed with nothing
 * beside it but what it declares. A file that is left out, or a dependency that is not declared, ends here.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { simulate } from '@recourse/testing/simulation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const root = dirname(import.meta.dirname);
const names = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);

/** What is shipped besides `dist`, and why it cannot be there: other programs read these files as they are. */
const extras: Readonly<Record<string, readonly string[]>> = {
  haproxy: ['lua/recourse.lua'],
  local: ['static-server.mjs'],
};

const Packed = z.array(
  z.object({ name: z.string(), filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
);
const Manifest = z.object({
  exports: z.record(z.string(), z.unknown()),
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
});

/** What can be imported of a package: it, and the parts that it names. */
const doorsOf = (name: string): readonly string[] =>
  Object.keys(Manifest.parse(JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))).exports)
    .filter((path) => path !== './package.json')
    .map((path) => join('@recourse', name, path));

const folder = mkdtempSync(join(tmpdir(), 'recourse-packed-'));
const consumer = join(folder, 'consumer');
let packed: z.infer<typeof Packed>;

beforeAll(async () => {
  copySources();
  expect(await tsc(['--build', join(folder, 'build')])).toBe('');
  packed = await pack();
  for (const { name, filename } of packed) await install(name.replace('@recourse/', ''), filename);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler has to say: nothing, if all is well. */
const tsc = async (options: readonly string[]): Promise<string> => {
  const program = join(root, 'node_modules', '.bin', 'tsc');
  const { stdout } = await run(program, [...options]).catch((error: { stdout: string }) => error);
  return stdout;
};

/** A checkout without anything built, next to whatever is being edited in this one. */
const copySources = (): void => {
  const build = join(folder, 'build');
  const left = new Set(['node_modules', 'dist', 'test']);
  for (const name of names) {
    cpSync(join(root, 'packages', name), join(build, 'packages', name), {
      recursive: true,
      filter: (path) => !left.has(basename(path)),
    });
    link(join(build, 'packages', name), join(build, 'node_modules', '@recourse', name));
  }
  for (const entry of readdirSync(join(root, 'node_modules')))
    if (entry !== '@recourse' && !entry.startsWith('.'))
      link(join(root, 'node_modules', entry), join(build, 'node_modules', entry));
  for (const file of ['tsconfig.json', 'tsconfig.base.json']) cpSync(join(root, file), join(build, file));
  writeFileSync(join(build, 'package.json'), JSON.stringify({ private: true, workspaces: ['packages/*'] }));
};

const pack = async (): Promise<z.infer<typeof Packed>> => {
  mkdirSync(join(folder, 'tarballs'));
  const options = ['--workspaces', '--json', '--ignore-scripts', '--offline', '--pack-destination', '../tarballs'];
  const { stdout } = await run('npm', ['pack', ...options], { cwd: join(folder, 'build'), maxBuffer: 2 ** 26 });
  return Packed.parse(JSON.parse(stdout));
};

/** Beside each package is what its package.json declares, and nothing else. */
const install = async (name: string, tarball: string): Promise<void> => {
  const at = join(folder, 'installed', name);
  mkdirSync(at, { recursive: true });
  await run('tar', ['-xzf', join(folder, 'tarballs', tarball), '-C', at, '--strip-components=1']);
  const { dependencies, peerDependencies } = Manifest.parse(JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')));
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
    const from = dependency.startsWith('@recourse/')
      ? join(folder, 'installed', dependency.replace('@recourse/', ''))
      : join(root, 'node_modules', dependency);
    link(from, join(at, 'node_modules', dependency));
  }
  link(at, join(consumer, 'node_modules', '@recourse', name));
};

const link = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
};

describe.each(names)('the tarball of @recourse/%s', (name) => {
  const files = () => packed.find((one) => one.name === `@recourse/${name}`)?.files.map(({ path }) => path) ?? [];

  test('holds what runs, its types and its license, and nothing else', () => {
    const expected = ['package.json', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', ...(extras[name] ?? [])];
    expect(files()).toEqual(expect.arrayContaining(expected));
    const others = files().filter((path) => !/^dist\/.+\.(?:js|d\.ts)(?:\.map)?$/.test(path));
    expect(others.filter((path) => !expected.includes(path))).toEqual([]);
  });

  test.each(doorsOf(name))(
    'gives plain Node the very names that the index.ts of %s lists',
    async (door) => {
      const script = `console.log(JSON.stringify(Object.keys(await import('${door}')).sort()))`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: consumer });
      const source: unknown = await import(door);
      expect(JSON.parse(stdout)).toEqual(Object.keys(Object(source)).sort());
    },
    60_000,
  );
});

test('the simulated world is the same in plain Node, to the last character of its log', async () => {
  const script = `const { simulate } = await import('@recourse/testing/simulation');
    console.log((await simulate({ seed: 1 })).hash)`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: consumer });
  expect(stdout.trim()).toBe((await simulate({ seed: 1 })).hash);
}, 60_000);

test('the types of all of them hold together for a strict consumer who checks them', async () => {
  const doors = names.flatMap(doorsOf);
  const lines = doors.map((door, i) => `import * as package${i} from '${door}';\nexport { package${i} };\n`);
  writeFileSync(join(consumer, 'consumer.mts'), lines.join(''));
  for (const types of ['@types/node', 'undici-types'])
    link(join(root, 'node_modules', types), join(consumer, 'node_modules', types));
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['es2024'], module: 'nodenext', types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
  };
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.mts'] }));
  expect(await tsc(['-p', consumer])).toBe('');
}, 120_000);
