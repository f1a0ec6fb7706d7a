/** What each way of failing is called, and what its message may say. */
import { GitRef } from '@recourse/core';
import { describe, expect, test } from 'vitest';
import { failureOf, verdictOf } from '../src/failures.ts';
import type { Ended } from '../src/git-process.ts';
import { commitOf } from '../src/refs.ts';

const ended = (stderr: string, how: Partial<Ended> = {}): Ended => ({
  code: 128,
  stderr,
  stopped: null,
  failure: null,
  ...how,
});

const protocol2 = '{"event":"data","key":"negotiated-version","value":"2"}\n';

describe('verdictOf', () => {
  test.each([
    ["fatal: repository 'https://host/x/' not found", 'not-found'],
    [
      "fatal: '/srv/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
      'not-found',
    ],
    ['fatal: remote error: access denied or repository not exported: /x', 'not-found'],
    ['ERROR: Repository not found.\nfatal: Could not read from remote repository.', 'not-found'],
    ['ERROR: The project you were looking for could not be found or you lack permission.', 'not-found'],
    ["fatal: could not read Username for 'https://host': terminal prompts disabled", 'no-access'],
    ["fatal: Authentication failed for 'https://host/x/'", 'no-access'],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 403", 'no-access'],
    ['git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'no-access'],
    ["fatal: unable to access 'https://host/x/': The requested URL returned error: 301", 'moved'],
    ['Host key verification failed.\nfatal: Could not read from remote repository.', 'unknown-host-key'],
    ['error: object abc: hasDotdot: contains ..\nfatal: fsck error in packed object', 'dangerous'],
    ["fatal: transport 'ext' not allowed", 'unsupported'],
    ['error: Server does not allow request for unadvertised object abc', 'only-tips'],
    ['fatal: remote error: want 0123abc not valid', 'only-tips'],
    // Before protocol 2, a server that has it may still not give it.
    ['fatal: remote error: upload-pack: not our ref abc', 'only-tips'],
    [`${protocol2}fatal: remote error: upload-pack: not our ref abc`, 'commit-gone'],
    ["fatal: unable to access 'https://x/': Could not resolve host: x", 'unreachable'],
    ["fatal: unable to access 'https://x/': Failed to connect to x port 443", 'unreachable'],
    ["fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate", 'unreachable'],
    ['fatal: the remote end hung up unexpectedly\nfatal: early EOF', 'unreachable'],
    ['ssh: Could not resolve hostname x: Name or service not known\nfatal: Could not read', 'unreachable'],
    ['kex_exchange_identification: read: Connection reset by peer\nfatal: Could not read', 'unreachable'],
    ["error: could not write 'x': Permission denied", 'unclear'],
    ["fatal: Unable to create '/x/shallow.lock': File exists.", 'unclear'],
    ['fatal: write error: No space left on device', 'unclear'],
    ['', 'unclear'],
  ] as const)('%j is %s', (stderr, verdict) => {
    expect(verdictOf(ended(stderr))).toBe(verdict);
  });

  test.each(["fatal: repository 'x' not found", 'not our ref', 'Host key verification failed', 'fsck error'])(
    'does not believe the server when it prints %j',
    (words) => {
      expect(verdictOf(ended(`remote: ${words}\nfatal: early EOF`))).toBe('unreachable');
    },
  );

  test('what we did ourselves goes before what git said about it', () => {
    expect(verdictOf(ended("fatal: repository 'x' not found", { stopped: 'timed-out' }))).toBe('timed-out');
  });
});

describe('failureOf', () => {
  const attempt = { what: 'Fetching x', secrets: ['hunter2', 'aHVudGVyMg=='] };

  test('tells the last line, on one line, short, without secrets, userinfo or control characters', () => {
    const line = `fatal: https://ada:hunter2@host/ and ada:other@x https://b:c@d \x1b[31m aHVudGVyMg== \x07${'x'.repeat(9_000)}`;
    const { message } = failureOf(attempt, ended(`fatal: first\n${line}\nsome other text\n`));
    expect(message).toContain('https://host/');
    expect(message).toContain('https://d');
    expect(message).not.toMatch(/hunter2|aHVudGVyMg|first|some other|\p{Cc}/u);
    expect(message.length).toBeLessThan(300);
  });

  test('tells nothing of what the server printed', () => {
    expect(failureOf(attempt, ended('remote: look at this\n')).message).toBe('Fetching x failed.');
  });
});

describe('commitOf', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
  const listing = [
    `${a}\trefs/heads/main`,
    `${b}\trefs/tags/main`,
    `${c}\trefs/tags/v1`,
    `${a}\trefs/tags/v1^{}`,
    `${b}\trefs/changes/refs/heads/other`,
    `short\trefs/heads/broken`,
    '',
  ].join('\n');

  test.each([
    ['main', a],
    ['refs/tags/main', b],
    ['v1', a],
    ['refs/tags/v1', a],
    ['other', undefined],
    ['HEAD', undefined],
    ['broken', undefined],
  ])('%s is %s', (ref, commit) => {
    expect(commitOf(listing, GitRef.parse(ref))).toBe(commit);
  });
});
