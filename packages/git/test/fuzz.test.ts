/** What git and its servers print, and what is asked of them, over what is wrong, nearly right, and far too much. */
import { CommitId, GitRef, type RepositoryUrl } from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureOf, verdictOf } from '../src/failures.ts';
import { commitOf } from '../src/refs.ts';
import { environmentOf, fetchCommit, listRefs } from '../src/requests.ts';
import { checkRemote, type Remote } from '../src/transport.ts';

const texts = some.large.filter((value): value is string => typeof value === 'string');
const all = ['https', 'http', 'ssh', 'git', 'file'] as const;
const main = GitRef.parse('main');

/** Made of the pieces that URLs are made of, in any order. */
const nearlyUrl = fc
  .array(
    fc.constantFrom(
      'https://',
      'ssh://',
      'git@',
      'file://',
      'host',
      ':',
      '/',
      '@',
      '-',
      '%2d',
      '..',
      '[::1]',
      ' ',
      '\\',
      'ext::',
      '?',
      '#',
      '8443',
      '~',
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(''));

test('a URL is taken, for one transport and as it is, or refused in few words that do not show it', () => {
  const one = fc.oneof(nearlyUrl, some.hostileText, fc.webUrl());
  const check = (url: string) => {
    const checked = checkRemote(url as RepositoryUrl, all);
    if (checked._tag === 'Left') {
      expect(checked.left).toMatchObject({ kind: 'permanent', code: 'sources/refused' });
      expect(checked.left.message.length).toBeLessThan(300);
      return;
    }
    expect(checked.right.url).toBe(url);
    expect(url).toMatch(/^(?:(?:https?|ssh|git):\/\/[^-/]|file:\/\/\/|[A-Za-z0-9_])/);
    // `word::` is git's way to name a program.
    expect(url).not.toMatch(/[\s\p{Cc}\\?#]|^[\w+.-]+::/u);
  };
  fc.assert(fc.property(one, check), { numRuns: 5_000 });
  for (const text of texts) for (const before of ['', 'https://', 'git@host:', 'ssh://git@']) check(before + text);
});

test('whatever is taken stands behind the end of the options, and is the only part that is not ours', () => {
  fc.assert(
    fc.property(nearlyUrl, fc.oneof(some.gitRef, fc.string()), some.commitId, (url, ref, commit) => {
      const remote = checkRemote(url as RepositoryUrl, all);
      const name = GitRef.safeParse(ref);
      if (remote._tag === 'Left' || !name.success) return;
      for (const argv of [listRefs(remote.right, name.data), fetchCommit('/cache', remote.right, commit)]) {
        const end = argv.indexOf('--end-of-options');
        expect(end).toBeGreaterThan(0);
        expect(argv[end + 1]).toBe(url);
        expect(argv.slice(0, end).join(' ')).not.toContain(url);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('no directory or setting becomes another variable of the environment', () => {
  fc.assert(
    fc.property(fc.string(), (directory) => {
      const identity = { variables: {}, config: [], secrets: [] };
      const given = { identity, allowedTransports: all, searchPath: '/bin', directory };
      expect(Object.keys(environmentOf(given)).every((name) => /^[A-Z][A-Z0-9_]*$/.test(name))).toBe(true);
    }),
  );
});

const line = fc.oneof(
  fc
    .tuple(
      some.commitId,
      fc.constantFrom('refs/heads/main', 'refs/tags/main', 'refs/tags/main^{}', 'refs/heads/x/main'),
    )
    .map((parts) => parts.join('\t')),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '\t', '\trefs/heads/main', 'refs/heads/main\t', `${'a'.repeat(39)}\trefs/heads/main`),
);

test('of a listing only a whole commit under the very name counts', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const found = commitOf(lines.join('\n'), main);
      if (found === undefined) return;
      expect(CommitId.safeParse(found).success).toBe(true);
      expect(
        lines.some((one) => one.startsWith(`${found}\trefs/heads/main`) || one.startsWith(`${found}\trefs/tags/main`)),
      ).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  for (const text of texts) expect(commitOf(text, main)).toBeUndefined();
});

const words = fc.constantFrom(
  'fatal: ',
  'error: ',
  'remote: ',
  'ERROR: ',
  'not our ref',
  'not found',
  'hunter2',
  'https://ada:hunter2@host/x',
  '\n',
  '\0',
  '\u001b[2J',
  '{"event"',
  'returned error: 404',
  'fsck error',
);

test('whatever git prints, its failure is one short line without secrets', () => {
  const stderr = fc.oneof(
    fc.array(words, { maxLength: 12 }).map((parts) => parts.join('')),
    some.hostileText,
  );
  const check = (printed: string, code: number | null) => {
    const ended = { code, stopped: null, failure: null, stderr: printed };
    expect(typeof verdictOf(ended)).toBe('string');
    const error = failureOf({ what: 'Reading', secrets: ['hunter2'] }, ended);
    expect(error.code).toMatch(/^sources\//);
    expect(error.message).not.toMatch(/hunter2|\p{Cc}/u);
    expect(error.message.length).toBeLessThan(500);
  };
  fc.assert(fc.property(stderr, fc.option(fc.integer()), check), { numRuns: 2_000 });
  const more = ["repository '", "transport '", 'error in ', 'want a'].map((unit) => unit.repeat(100_000));
  for (const text of [...texts, ...more])
    for (const before of ['', 'fatal: ', 'fatal: https://']) check(before + text, 128);
});

test('a remote keeps its transport', () => {
  const remote: Remote = { url: 'https://host/x' as RepositoryUrl, transport: 'https' };
  expect(checkRemote(remote.url, ['https'])).toEqual({ _tag: 'Right', right: remote });
});
