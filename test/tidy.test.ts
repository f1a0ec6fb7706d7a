/** The style that a machine can keep. Each check says what to do instead, and has a test that it can fail. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { isNode, kept, type Node, nodesIn, parse, type SourceFile, sourceFiles } from './support/code.ts';
import { linksOf, root } from './support/markdown.ts';

/** Every file is parsed, and the machine may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const FILE_LINES_MAX = 300;
/** A list of tests may be longer than what it tests, and so may a table. */
const TEST_LINES_MAX = 600;
const FUNCTION_LINES_MAX = 70;

const isTest = ({ path }: SourceFile): boolean => /(?:^|\/)test\/|\/conformance\//.test(path);

const linesOf = (text: string): number => text.split('\n').length;

const literals = ['ArrayExpression', 'TSAsExpression', 'TSSatisfiesExpression'];

/** A list at the top of a file is data: it may be as long as there is of it, up to the limit of a test. */
const listsIn = (source: SourceFile): readonly string[] =>
  [...nodesIn(parse(source))].flatMap(({ node: { type, declarations }, parent }) => {
    const outermost = parent?.type === 'Program' || parent?.type === 'ExportNamedDeclaration';
    if (type !== 'VariableDeclaration' || !outermost || !Array.isArray(declarations)) return [];
    return declarations.flatMap((one: unknown) =>
      isNode(one) && isNode(one['init']) && literals.includes(one['init'].type)
        ? [source.text.slice(one['init'].start, one['init'].end)]
        : [],
    );
  });

const tooLong = (source: SourceFile): readonly string[] => {
  const lines = linesOf(source.text);
  const data = listsIn(source).reduce((sum, list) => sum + linesOf(list), 0);
  const over = lines > TEST_LINES_MAX || (!isTest(source) && lines - data > FILE_LINES_MAX);
  return over ? [`${source.path} has ${lines} lines: it has two ideas, give each a file`] : [];
};

/** What is measured by itself: a function, and a case of a switch, which is a row of a table. */
const units = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'SwitchCase'];

/** The units of a node that are in no other unit of it. */
const unitsIn = (node: Node): readonly Node[] =>
  Object.values(node).flatMap((part) =>
    (Array.isArray(part) ? part : [part]).flatMap((child: unknown) => {
      if (!isNode(child)) return [];
      return units.includes(child.type) ? [child] : unitsIn(child);
    }),
  );

const calls = (node: Node, ...names: readonly string[]): boolean =>
  [...nodesIn(node)].some(({ node: { type, callee } }) => {
    if (type !== 'CallExpression' || !isNode(callee)) return false;
    const called = isNode(callee['object']) ? callee['object'] : isNode(callee['callee']) ? callee['callee'] : callee;
    const named = isNode(called['object']) ? called['object'] : called;
    return names.includes(String(named['name']));
  });

/**
 * Lines of its own: those of a unit inside count there. A function that registers tests is a table of contents: each
 * test in it is measured, the list is not.
 */
const longFunctions = (source: SourceFile): readonly string[] =>
  [...nodesIn(parse(source))].flatMap(({ node }) => {
    if (!units.includes(node.type)) return [];
    const within = (one: Node): number => linesOf(source.text.slice(one.start, one.end));
    const lines = unitsIn(node).reduce((left, inner) => left - within(inner) + 1, within(node));
    if (lines <= FUNCTION_LINES_MAX || calls(node, 'test', 'describe')) return [];
    const at = linesOf(source.text.slice(0, node.start));
    return [
      `${source.path}:${at} has a function of ${lines} lines, more than ${FUNCTION_LINES_MAX}: give its parts names`,
    ];
  });

const leftOver = ({ path, text }: SourceFile): readonly string[] =>
  text.split('\n').flatMap((line, index) => {
    const [word] = /\b(?:TODO|FIXME|HACK|XXX)\b/.exec(line) ?? [];
    return word === undefined ? [] : [`${path}:${index + 1} says ${word}: do it, or open an issue`];
  });

const doors = (source: SourceFile): readonly string[] =>
  [...nodesIn(parse(source))].flatMap(({ node: { type } }) => {
    if (type === 'ExportAllDeclaration') return [`${source.path} exports *: name what is exported`];
    if (type === 'ExportDefaultDeclaration') return [`${source.path} has a default export: give it a name`];
    return [];
  });

/** Names that say nothing, and what to call the file instead. */
const saysNothing = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'stuff', 'types', 'interfaces'];

const vague = (path: string): readonly string[] =>
  path
    .split('/')
    .map((part) => basename(part, '.ts').replace(/(?:\.[a-z]+)?\.test$/, ''))
    .filter((part) => saysNothing.includes(part))
    .map((part) => `${path}: ${part} says nothing, name it after its idea`);

const kebab = (path: string): readonly string[] =>
  /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*\.ts$/.test(basename(path)) ? [] : [`${path}: write it in kebab-case`];

/** What a name of ours does not end in, because it tells nothing that the thing does. */
const emptyEndings = /(?:Manager|Helper|Service|Impl|Base|Util|Utils|Info|Data)$/;

const emptyNames = (source: SourceFile): readonly string[] =>
  [...nodesIn(parse(source))].flatMap(({ node: { type, declaration } }) => {
    if (type !== 'ExportNamedDeclaration' || !isNode(declaration)) return [];
    const declared = Array.isArray(declaration['declarations']) ? declaration['declarations'] : [declaration];
    return declared.flatMap((one: unknown) => {
      const id = isNode(one) && isNode(one['id']) ? String(one['id']['name']) : '';
      return emptyEndings.test(id) ? [`${source.path} exports ${id}: say what it does`] : [];
    });
  });

const deadLinks = (page: string): readonly string[] =>
  linksOf(page)
    .map((target) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !existsSync(join(root, dirname(page), target)))
    .map((target) => `${page} links to ${target}, which is not there`);

/** Words that must not appear, and what to write instead. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/\bwhite-?list/i, 'allow list'],
  [/\bblack-?list/i, 'deny list'],
  [/\bsanity\b/i, 'what is checked'],
  [/\b(?:utili[sz]e[sd]?|leverage[sd]?)\b/i, 'use'],
  [/\b(?:simply|obviously|just works|blazing|seamless)\b/i, 'nothing: say what it does'],
  [/\/work\/(?:main|shared)\b|\bshared\/(?:design|style|toolchain|reliability)\b/, 'a path in this repository'],
  [/\beslint-disable|@ts-ignore|@ts-nocheck/, '@ts-expect-error with a reason, or no exception'],
];

const wrongWords = (path: string, text: string): readonly string[] =>
  text.split('\n').flatMap((line, index) =>
    replacements.flatMap(([word, instead]) => {
      const [found] = word.exec(line) ?? [];
      return found === undefined ? [] : [`${path}:${index + 1} says "${found}", write: ${instead}`];
    }),
  );

/** This file has to name what it forbids. */
const others = sourceFiles.filter(({ path }) => path !== 'test/tidy.test.ts');
const pages = kept.filter((path) => path.endsWith('.md') && existsSync(join(root, path)));
const file = (text: string, path = 'packages/core/src/made-up.ts'): SourceFile => ({ path, text });
const linesLong = (count: number, text = '1;') => Array.from({ length: count }, () => text).join('\n');

describe('a file', () => {
  test('has one idea', () => {
    expect(others.flatMap(tooLong)).toEqual([]);
    expect(tooLong(file(linesLong(301)))).toHaveLength(1);
    expect(tooLong(file(linesLong(300)))).toEqual([]);
    expect(tooLong(file(linesLong(301), 'packages/core/test/a.test.ts'))).toEqual([]);
    expect(tooLong(file(linesLong(601), 'packages/core/test/a.test.ts'))).toHaveLength(1);
    expect(tooLong(file(`export const rows: readonly number[] = [\n${linesLong(400, '1,')}\n];`))).toEqual([]);
    expect(tooLong(file(`export const rows = [\n${linesLong(100, '1,')}\n];\n${linesLong(301)}`))).toHaveLength(1);
    expect(tooLong(file(`export const rows = [\n${linesLong(600, '1,')}\n];`))).toHaveLength(1);
  });

  test('is named after it, in kebab-case', () => {
    expect(others.flatMap(({ path }) => [...vague(path), ...kebab(path)])).toEqual([]);
    expect(vague('packages/core/src/utils.ts')).toHaveLength(1);
    expect(vague('packages/core/src/helpers/a.ts')).toHaveLength(1);
    expect(vague('packages/core/test/common.test.ts')).toHaveLength(1);
    expect(vague('packages/core/src/common-sense.ts')).toEqual([]);
    expect(kebab('packages/core/src/decideRestore.ts')).toHaveLength(1);
    expect(kebab('packages/core/src/decide-restore.engine.test.ts')).toEqual([]);
  });

  test('says by name what it exports', () => {
    expect(others.filter(({ path }) => !/^vitest\.\w+\.ts$/.test(path)).flatMap(doors)).toEqual([]);
    expect(doors(file("export * from './a.ts';"))).toHaveLength(1);
    expect(doors(file("export * as a from './a.ts';"))).toHaveLength(1);
    expect(doors(file('export default 1;'))).toHaveLength(1);
    expect(doors(file("export { a } from './a.ts'; // export default"))).toEqual([]);
  });

  test('leaves nothing for later', () => {
    expect(others.flatMap(leftOver)).toEqual([]);
    expect(leftOver(file('// TODO: think'))).toHaveLength(1);
    expect(leftOver(file('const a = 1; /* FIXME */'))).toHaveLength(1);
    expect(leftOver(file("const todo = 'todo list';"))).toEqual([]);
  });
});

describe('a function', () => {
  test('fits a screen', () => {
    expect(others.flatMap(longFunctions)).toEqual([]);
    expect(longFunctions(file(`const a = () => {\n${linesLong(69)}\n};`))).toHaveLength(1);
    expect(longFunctions(file(`const a = () => {\n${linesLong(68)}\n};`))).toEqual([]);
    expect(longFunctions(file(`export function a() {\n${linesLong(69)}\n}`))).toHaveLength(1);
    expect(longFunctions(file(`const a = { b() {\n${linesLong(69)}\n} };`))).toHaveLength(1);
  });

  test('is measured without the functions in it, and a table by its rows', () => {
    const inner = `const b = () => {\n${linesLong(60)}\n};`;
    expect(longFunctions(file(`const a = () => {\n${inner}\n${inner}\n};`))).toEqual([]);
    expect(longFunctions(file(`const a = () => {\n${inner}\n${linesLong(70)}\n};`))).toHaveLength(1);
    const rows = linesLong(50, 'case 1:\nreturn 2;');
    expect(longFunctions(file(`const a = (x) => {\nswitch (x) {\n${rows}\n}\n};`))).toEqual([]);
    expect(longFunctions(file(`const a = (x) => {\nswitch (x) {\ncase 1: {\n${linesLong(80)}\n}\n}\n};`))).toHaveLength(
      1,
    );
  });

  test('that lists tests may be longer, a test may not', () => {
    expect(longFunctions(file(`describe('a', () => {\n${linesLong(80, "test('b', () => {});")}\n});`))).toEqual([]);
    expect(
      longFunctions(file(`describe.each([])('a', () => {\n${linesLong(80, "test.each([])('b', c);")}\n});`)),
    ).toEqual([]);
    expect(longFunctions(file(`test('a', () => {\n${linesLong(80)}\n});`))).toHaveLength(1);
    expect(longFunctions(file(`describe('a', () => { test('b', () => {\n${linesLong(80)}\n}); });`))).toHaveLength(1);
  });

  test('and a type say in their names what they do', () => {
    expect(others.flatMap(emptyNames)).toEqual([]);
    expect(emptyNames(file('export const slotManager = 1;'))).toHaveLength(1);
    expect(emptyNames(file('export type ImageData = 1;'))).toHaveLength(1);
    expect(emptyNames(file('export class RouterImpl {}'))).toHaveLength(1);
    expect(emptyNames(file('const slotManager = 1; export const manager = (a: ImageData) => a;'))).toEqual([]);
  });
});

describe('what is written', () => {
  test('links to what is there', () => {
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.flatMap(deadLinks)).toEqual([]);
  });

  test('uses the words we use', () => {
    const texts = pages.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
    expect([...others, ...texts].flatMap(({ path, text }) => wrongWords(path, text))).toEqual([]);
    expect(wrongWords('a.md', 'Add it to the whitelist.')).toEqual(['a.md:1 says "whitelist", write: allow list']);
    expect(wrongWords('a.ts', '\n// @ts-ignore')).toHaveLength(1);
    expect(wrongWords('a.md', 'The allow list is used.')).toEqual([]);
  });
});
