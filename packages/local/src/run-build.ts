/** Runs a build command as a group of processes that cannot outlive its worker. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { CancelSignal } from '@recourse/core';
import { endGroup } from './end-group.ts';
import { lineReader } from './lines.ts';
import { minimalEnvironment } from './minimal-environment.ts';

/**
 * The pipe at 3 is held open by the worker alone. When the worker dies, however it dies, the pipe ends and with it the
 * whole group. The command sees neither.
 */
const SCRIPT = '{ read -r _ <&3; kill -s KILL 0; } & exec 3<&-; "$@"';

const TAIL_LINES = 20;

export type BuildRun = Readonly<
  { outcome: 'built' | 'cancelled' } | { outcome: 'failed'; why: string; tail: string[] }
>;

/** Without a shell in between: the command's words arrive as they are. Everything that it started has ended after. */
export const runBuild = async (
  argv: readonly string[],
  { cwd, home, onLine, signal }: { cwd: string; home: string; onLine: (line: string) => void; signal: CancelSignal },
): Promise<BuildRun> => {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'recourse-build', ...argv], {
    cwd,
    env: { ...minimalEnvironment(home), CI: 'true' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const end = () => endGroup(child.pid, 'SIGKILL');
  // Whatever the command left running goes with it; until then the reader of the pipe keeps the group's number taken.
  child.once('exit', end);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();

  const tail: string[] = [];
  const take = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    onLine(line);
  };
  try {
    await Promise.all([follow(child.stdout, take), follow(child.stderr, take), closed]);
  } finally {
    end();
    signal.removeEventListener('abort', end);
  }
  if (signal.aborted) return { outcome: 'cancelled' };
  return child.exitCode === 0 ? { outcome: 'built' } : { outcome: 'failed', why: ending(child), tail };
};

const follow = async (stream: Readable | null, take: (line: string) => void): Promise<void> => {
  const lines = lineReader();
  for await (const chunk of stream ?? []) for (const line of lines.read(chunk)) take(line);
  for (const line of lines.rest()) take(line);
};

const ending = ({ exitCode, signalCode }: ChildProcess): string =>
  exitCode === null ? `was ended by ${signalCode}` : `ended with exit code ${exitCode}`;
