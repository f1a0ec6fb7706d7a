/** The pages of this repository that people read, and what is in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const root = dirname(dirname(import.meta.dirname));

/** Paths from the root. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

export type Block = Readonly<{ page: string; number: number; language: string; code: string }>;

/** The fenced blocks of a page, numbered from 1. */
export const blocksOf = (page: string): readonly Block[] =>
  [...textOf(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', code = ''], i) => ({
    page,
    number: i + 1,
    language,
    code,
  }));

/** A block whose first line is `// name.ts` is a file of that name; others have none. */
export const fileNameOf = ({ code }: Block): string | null => /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1] ?? null;

/** Where a page links to, without what is on the web. */
export const linksOf = (page: string): readonly string[] =>
  [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** The places in a page that a link may name: headings, as they are turned into anchors, and anchors of its own. */
export const anchorsOf = (page: string): readonly string[] => {
  const text = withoutCode(textOf(page));
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
};

const withoutCode = (text: string): string => text.replace(/^```\w*\n.*?^```$/gms, '');

const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
