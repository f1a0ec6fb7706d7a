/**
 * What a failed git means for the caller. git tells it in words only (in English, LC_ALL=C), so this is a table of
 * words. What no line knows is "could not be asked": transient, never "not there".
 */
import type { PortError } from '@recourse/core';
import type { Ended } from './git-process.ts';

export type Verdict =
  | 'cancelled'
  | 'timed-out'
  | 'over-limit'
  | 'not-installed'
  | 'not-found'
  | 'no-access'
  | 'moved'
  | 'unknown-host-key'
  | 'dangerous'
  | 'unsupported'
  | 'commit-gone'
  /** The server gives no commit by id that is not the tip of a ref; it may have it all the same. */
  | 'only-tips'
  | 'unreachable'
  /** Neither a remote's answer nor an outage that we know: perhaps the cache. */
  | 'unclear';

const words: readonly (readonly [RegExp, Verdict])[] = [
  [/repository '.*' not found|does not appear to be a git repository|repository not exported/i, 'not-found'],
  [/^ERROR: .*not (?:be )?found|repository does not exist|returned error: (?:404|410)/im, 'not-found'],
  [/could not read (?:Username|Password)|Authentication failed|returned error: (?:401|403)/i, 'no-access'],
  [/: Permission denied \(|Too many authentication failures/i, 'no-access'],
  [/returned error: 30\d|unable to update url base from redirection/i, 'moved'],
  [/Host key verification failed/i, 'unknown-host-key'],
  [/fsck error|error in (?:packed )?object|detected dubious ownership/i, 'dangerous'],
  [/transport '.*' not allowed|dumb http transport does not support|does not support shallow/i, 'unsupported'],
  [/Server does not allow request for unadvertised object|want [0-9a-f]+ not valid/i, 'only-tips'],
  // The latter two: the id is of another hash algorithm than the repository's.
  [/couldn't find remote ref|mismatched algorithms|not support this repository's object format/i, 'commit-gone'],
  [/unable to access|unable to connect|Could not resolve host|early EOF|hung up|RPC failed/i, 'unreachable'],
  [/^ssh: |Connection (?:closed|reset|refused|timed out)|returned error: \d+|bad line length/im, 'unreachable'],
  [/Could not read from remote repository/, 'unreachable'],
];

export const verdictOf = ({ stderr, stopped, failure }: Ended): Verdict => {
  if (stopped !== null) return stopped;
  if (failure !== null) return isMissing(failure) ? 'not-installed' : 'unclear';
  const said = ownLines(stderr);
  // Protocol 2 gives every commit that is there, so "not ours" is final. Before it, the server may only be shy.
  if (/not our ref/.test(said)) return /"negotiated-version","value":"2"/.test(stderr) ? 'commit-gone' : 'only-tips';
  return words.find(([pattern]) => pattern.test(said))?.[1] ?? 'unclear';
};

const isMissing = (failure: unknown) => failure instanceof Error && 'code' in failure && failure.code === 'ENOENT';

/** A server may print one line of everything that is kept, made of the words above: to look through it takes seconds. */
const LINE_MAX = 2_000;

/** Without git's own trace, and without what the server printed: it could print the words above. */
const ownLines = (stderr: string) =>
  stderr
    .split('\n')
    .filter((line) => !/^(?:\{"event"|remote: )/.test(line))
    .map((line) => line.slice(0, LINE_MAX))
    .join('\n');

export type Attempt = Readonly<{
  /** What was tried, as the subject of a sentence: `Fetching commit 9f2c… of https://…`. */
  what: string;
  secrets: readonly string[];
}>;

export const failureOf = (attempt: Attempt, ended: Ended): PortError => {
  const verdict = verdictOf(ended);
  const [kind, code, remedy] = meaning[verdict];
  const detail = verdict === 'cancelled' ? '' : detailOf(attempt, ended);
  return { kind, code, message: `${attempt.what} ${remedy}.${detail}` };
};

const meaning: Readonly<Record<Verdict, readonly [PortError['kind'], PortError['code'], string]>> = {
  cancelled: ['transient', 'sources/cancelled', 'was cancelled'],
  'timed-out': ['transient', 'sources/unreachable', 'took longer than its limit and was ended'],
  'over-limit': ['permanent', 'sources/refused', 'gave more than the limit allows and was ended'],
  'not-installed': ['permanent', 'sources/refused', 'is not possible: the git program was not found. Install git'],
  'not-found': [
    'permanent',
    'sources/repository-not-found',
    'failed: there is no such repository, or it is private. Check the URL, and the credentials if it is private',
  ],
  'no-access': [
    'permanent',
    'sources/repository-not-found',
    'failed: the server shows this repository only to those who may read it. Check the credentials',
  ],
  moved: ['permanent', 'sources/repository-not-found', 'failed: the server says that it has moved. Use its new URL'],
  'unknown-host-key': ['permanent', 'sources/refused', 'failed: the host key is not in the known hosts file. Add it'],
  dangerous: ['permanent', 'sources/refused', 'failed: git found objects that are broken or made to do harm'],
  unsupported: ['permanent', 'sources/refused', 'failed: the server speaks nothing that can be used here'],
  'commit-gone': ['permanent', 'sources/commit-gone', 'failed: the repository does not have this commit any more'],
  'only-tips': ['permanent', 'sources/commit-gone', 'failed: no branch or tag of the repository leads to this commit'],
  unreachable: ['transient', 'sources/unreachable', 'failed: the remote could not be asked'],
  unclear: ['transient', 'sources/unreachable', 'failed'],
};

/** The line that says why, made fit to be shown: one line, short, no control characters, no secret, no userinfo. */
const detailOf = ({ secrets }: Attempt, { stderr, failure }: Ended): string => {
  const lines = ownLines(stderr).split('\n');
  const line = lines.findLast((text) => /^(?:fatal|error|ssh): /.test(text)) ?? '';
  const shown = redact(failure instanceof Error ? failure.message : line, secrets);
  return shown === '' ? '' : ` (git: ${shown.slice(0, 200)})`;
};

const redact = (text: string, secrets: readonly string[]): string =>
  secrets
    .filter((secret) => secret !== '')
    .reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)
    .replace(/:\/\/[^/@\s]*@/g, '://')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();

export const refused = (message: string): PortError => ({ kind: 'permanent', code: 'sources/refused', message });

export const unreachable = (message: string, cause?: unknown): PortError => ({
  kind: 'transient',
  code: 'sources/unreachable',
  message,
  ...(cause === undefined ? {} : { cause }),
});

export const cancelled = (message: string): PortError => ({ kind: 'transient', code: 'sources/cancelled', message });
