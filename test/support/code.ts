/** The source files of this repository, and what a parser sees in them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { root } from './markdown.ts';

export type SourceFile = Readonly<{
  /** From the root. */
  path: string;
  text: string;
}>;

/** Everything that is kept, and what is new and not ignored. */
export const kept: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\0')
  .filter((path) => path !== '');

/** A file may have been removed since it was listed. */
const read = (path: string): readonly SourceFile[] => {
  try {
    return [{ path, text: readFileSync(join(root, path), 'utf8') }];
  } catch {
    return [];
  }
};

export const sourceFiles: readonly SourceFile[] = kept.filter((path) => path.endsWith('.ts')).flatMap(read);

/** A node of the syntax tree: its kind, where it is, and its parts by name. */
export type Node = Readonly<{ type: string; start: number; end: number }> & Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value;

const trees = new WeakMap<SourceFile, Node>();

export const parse = (file: SourceFile): Node => {
  const known = trees.get(file);
  if (known !== undefined) return known;
  const { path, text } = file;
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const tree: unknown = program;
  if (!isNode(tree)) throw new Error(`${path} has no syntax tree`);
  trees.set(file, tree);
  return tree;
};

/** The node and all that is in it, with what it is in and under which name. */
export function* nodesIn(
  node: Node,
  parent: Node | null = null,
  as = '',
): Generator<Readonly<{ node: Node; parent: Node | null; as: string }>> {
  yield { node, parent, as };
  for (const [name, part] of Object.entries(node))
    for (const child of Array.isArray(part) ? part : [part]) if (isNode(child)) yield* nodesIn(child, node, name);
}

const literal = (value: unknown): readonly string[] =>
  isNode(value) && typeof value['value'] === 'string' ? [value['value']] : [];

const importing = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
];

/** What a file imports, by whatever means, types included. */
export const importsOf = (file: SourceFile): readonly string[] =>
  [...nodesIn(parse(file))].flatMap(({ node }) => {
    if (!importing.includes(node.type)) return [];
    const { source, argument } = node;
    return literal(source ?? (isNode(argument) && argument.type === 'TSLiteralType' ? argument['literal'] : argument));
  });

/** `zod/mini` is of `zod`, `@recourse/core/x` of `@recourse/core`; nothing for a file of one's own. */
export const packageOf = (specifier: string): string | null => {
  if (specifier.startsWith('.') || specifier.startsWith('/')) return null;
  if (specifier.startsWith('node:')) return 'node:*';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
};

/** Names that are used as such: not as the key of an object, the name of a member or of a field of a type. */
export const namesUsedIn = (file: SourceFile): readonly string[] =>
  [...nodesIn(parse(file))].flatMap(({ node, parent, as }) => {
    if (node.type !== 'Identifier' || typeof node['name'] !== 'string') return [];
    const computed = parent?.['computed'] === true;
    const isKey = as === 'key' && !computed && parent?.['shorthand'] !== true;
    return isKey || (as === 'property' && !computed) ? [] : [node['name']];
  });

/** `Math.random`, `process.env`: a name and one member of it. */
export const membersUsedIn = (file: SourceFile): readonly string[] =>
  [...nodesIn(parse(file))].flatMap(({ node }) => {
    const { object, property } = node;
    if (node.type !== 'MemberExpression' || !isNode(object) || !isNode(property)) return [];
    const member = property['name'] ?? property['value'];
    return object.type === 'Identifier' ? [`${object['name']}.${member}`] : [];
  });
