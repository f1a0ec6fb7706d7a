/** Runs git: an argument list, no shell, an environment of our own, a time limit, and an end that takes all it started. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CancelSignal } from '@recourse/core';

export type GitCommand = Readonly<{
  program: string;
  argv: readonly string[];
  environment: Readonly<Record<string, string>>;
  directory: string;
  limitMs: number;
  signal: CancelSignal;
}>;

/** Why it was ended by us, if it was. */
export type Stopped = 'cancelled' | 'timed-out' | 'over-limit';

/** `code` is null if it was ended by a signal; `failure` is set if it never ran. */
export type Ended = Readonly<{ code: number | null; stderr: string; stopped: Stopped | null; failure: unknown }>;

export type RunningGit = Readonly<{
  stdout: Readable | null;
  /** Resolves when the process and everything it started have ended. Never rejects. */
  ended: Promise<Ended>;
  stop(why: Stopped): void;
}>;

const stderrBytesMax = 65_536;
/** How long git may take to remove its lock files. */
const graceMs = 5_000;

export const startGit = (command: GitCommand): RunningGit => {
  if (command.signal.aborted) return neverRan({ stopped: 'cancelled', failure: null });
  try {
    return watch(spawnGit(command), command);
  } catch (failure) {
    return neverRan({ stopped: null, failure });
  }
};

const neverRan = (how: Pick<Ended, 'stopped' | 'failure'>): RunningGit => ({
  stdout: null,
  ended: Promise.resolve({ code: null, stderr: '', ...how }),
  stop: () => {},
});

// Detached: a group of its own, so that its helpers (remote-https, ssh, index-pack) can be ended with it.
const spawnGit = ({ program, argv, environment, directory }: GitCommand) =>
  spawn(program, argv, {
    cwd: directory,
    env: environment,
    shell: false,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const watch = (child: ReturnType<typeof spawnGit>, { limitMs, signal }: GitCommand): RunningGit => {
  let stopped: Stopped | null = null;
  let closed = false;
  let force: NodeJS.Timeout | undefined;
  const stderr = lastOf(child.stderr);

  const stop = (why: Stopped) => {
    if (stopped !== null || closed) return;
    stopped = why;
    signalGroup(child, 'SIGTERM');
    force = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
    // Nobody may be reading any more; unread output would keep the process from being closed.
    child.stdout.destroy();
  };
  const cancel = () => stop('cancelled');
  signal.addEventListener('abort', cancel);
  const limit = setTimeout(() => stop('timed-out'), limitMs);

  const ended = new Promise<Ended>((resolve) => {
    const end = (code: number | null, failure: unknown) => {
      closed = true;
      clearTimeout(limit);
      clearTimeout(force);
      signal.removeEventListener('abort', cancel);
      resolve({ code, stderr: stderr(), stopped, failure });
    };
    child.once('error', (failure) => {
      if (child.pid === undefined) end(null, failure);
    });
    // A helper that outlived its leader would hold the pipes open for ever.
    child.once('exit', () => stopped !== null && signalGroup(child, 'SIGKILL'));
    child.once('close', (code) => end(code, null));
  });
  return { stdout: child.stdout, ended, stop };
};

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals) => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended.
  }
};

/** Keeps the last of what a stream says: a remote may send as much as it likes. */
const lastOf = (stream: Readable): (() => string) => {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-stderrBytesMax);
  });
  stream.on('error', () => {});
  return () => kept.toString('utf8');
};

/** The whole output of a short command. More than `bytesMax` of it ends the process. */
export const outputOf = async (
  git: RunningGit,
  bytesMax: number,
): Promise<Readonly<{ stdout: string; ended: Ended }>> => {
  const chunks: Buffer[] = [];
  let size = 0;
  git.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > bytesMax) git.stop('over-limit');
    else chunks.push(chunk);
  });
  git.stdout?.on('error', () => {});
  const ended = await git.ended;
  return { stdout: Buffer.concat(chunks).toString('utf8'), ended };
};
