/** A repository that tests change by other means than the adapter: real git, on this machine's disk. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { CommitId, RepositoryUrl } from '@recourse/core';
import { onTestFinished } from 'vitest';

/** Contents by path; with a git mode, also links (120000) and submodules (160000, the content is a commit id). */
export type Contents = Readonly<Record<string, string | Readonly<{ mode: string; content: string }>>>;

export type Origin = Readonly<{
  directory: string;
  url: RepositoryUrl;
  git(...argv: readonly string[]): Promise<string>;
  /** `onto` is what the new commit follows; null makes one without a past. The branch's last commit by default. */
  commit(branch: string, files: Contents, onto?: string | null): Promise<CommitId>;
  /** Adds so many commits to a branch, all with the files it has. */
  history(branch: string, commits: number): Promise<void>;
  /** Writes a tree as raw bytes, which no checked way of making one would take, and a commit of it. */
  commitRaw(branch: string, entries: readonly (readonly [mode: string, name: string, id: string])[]): Promise<CommitId>;
  blob(content: string): Promise<string>;
  tag(name: string, commit: CommitId): Promise<void>;
  forcePush(branch: string, files: Contents): Promise<CommitId>;
}>;

/** A folder that is gone when the test is over. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-git-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
};

export const makeOrigin = async (directory: string, objectFormat: 'sha1' | 'sha256' = 'sha1'): Promise<Origin> => {
  await mkdir(directory, { recursive: true });
  const git = (...argv: readonly string[]) => runGit(directory, argv);
  await git('init', '--quiet', '--bare', `--object-format=${objectFormat}`, '--initial-branch=main');
  let clock = 1_700_000_000;

  const commit: Origin['commit'] = async (branch, files, onto) => {
    const ref = `refs/heads/${branch}`;
    const last = (await git('for-each-ref', '--format=%(objectname)', ref)).trim();
    clock += 60;
    await fastImport(directory, commitStream(ref, onto === undefined ? last : (onto ?? ''), clock, files));
    return CommitId.parse((await git('rev-parse', ref)).trim());
  };

  return {
    directory,
    url: RepositoryUrl.parse(`file://${directory}`),
    git,
    commit,
    history: async (branch, commits) => {
      const ref = `refs/heads/${branch}`;
      const who = `committer Ada <ada@example.org> ${clock} +0000`;
      const more = `commit ${ref}\n${who}\ndata 1\nx\n`.repeat(commits - 1);
      await fastImport(directory, `commit ${ref}\n${who}\ndata 1\nx\nfrom ${ref}^0\n${more}done\n`);
    },
    commitRaw: async (branch, entries) => {
      const bytes = entries.flatMap(([mode, name, id]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
      const tree = await write(directory, 'tree', Buffer.concat(bytes));
      const made = (await git('commit-tree', '-m', 'message', tree)).trim();
      await git('update-ref', `refs/heads/${branch}`, made);
      return CommitId.parse(made);
    },
    blob: (content) => write(directory, 'blob', Buffer.from(content)),
    tag: async (name, target) => {
      await git('tag', '--annotate', '--message', `About ${name}`, name, target);
    },
    forcePush: async (branch, files) => {
      const made = await commit(branch, files, null);
      await git('reflog', 'expire', '--expire=now', '--all');
      await git('gc', '--quiet', '--prune=now');
      return made;
    },
  };
};

const environment = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

export const runGit = async (directory: string, argv: readonly string[]): Promise<string> => {
  const options = { cwd: directory, env: environment, maxBuffer: 64 * 2 ** 20 };
  return (await promisify(execFile)('git', argv, options)).stdout;
};

const commitStream = (ref: string, parent: string, at: number, files: Contents): string => {
  const entries = Object.entries(files).map(([path, file]) => {
    const { mode, content } = typeof file === 'string' ? { mode: '100644', content: file } : file;
    if (mode === '160000') return `M ${mode} ${content} ${quoted(path)}\n`;
    return `M ${mode} inline ${quoted(path)}\ndata ${Buffer.byteLength(content)}\n${content}\n`;
  });
  const who = `Ada <ada@example.org> ${at} +0000`;
  const from = parent === '' ? '' : `from ${parent}\n`;
  const reset = parent === '' ? `reset ${ref}\n\n` : '';
  return `${reset}commit ${ref}\nauthor ${who}\ncommitter ${who}\ndata 7\nmessage\n${from}deleteall\n${entries.join('')}\ndone\n`;
};

const quoted = (path: string) => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

const fastImport = async (directory: string, stream: string): Promise<void> => {
  await feed(directory, ['fast-import', '--quiet', '--force', '--done'], stream);
};

const write = async (directory: string, type: string, content: Buffer): Promise<string> =>
  (await feed(directory, ['hash-object', '-t', type, '--literally', '-w', '--stdin'], content)).trim();

const feed = async (directory: string, argv: readonly string[], input: string | Buffer): Promise<string> => {
  const child = spawn('git', argv, { cwd: directory, env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(input);
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`git ${argv.join(' ')} ended with ${child.exitCode}`);
  return output;
};
