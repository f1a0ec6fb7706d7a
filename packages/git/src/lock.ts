/**
 * One writer of a folder at a time, over all processes of a machine. The lock is the kernel's and goes with its
 * holder however that one dies: there is no stale lock to find, no process id to mistake. Node offers no file lock,
 * so it is SQLite's, on an empty file.
 */

import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CancelSignal, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { cancelled, unreachable } from './failures.ts';

export type Patience = Readonly<{ limitMs: number; signal: CancelSignal }>;

/** Runs `work` while nobody else holds `file`. */
export const withLock =
  <A>(file: string, patience: Patience, work: TaskEither<PortError, A>): TaskEither<PortError, A> =>
  async () => {
    const held = await take(file, patience);
    if (E.isLeft(held)) return held;
    try {
      return await work();
    } finally {
      held.right.close();
    }
  };

const take = async (file: string, { limitMs, signal }: Patience): Promise<E.Either<PortError, DatabaseSync>> => {
  const until = performance.now() + limitMs;
  while (!signal.aborted) {
    const lock = tryTake(file);
    if (lock !== 'busy') return lock;
    if (performance.now() > until) return E.left(unreachable(`Another process did not let go of ${file} in time.`));
    // Not in step with the others who wait.
    await sleep(20 + Math.random() * 40);
  }
  return E.left(cancelled(`Waiting for ${file} was cancelled.`));
};

const tryTake = (file: string): 'busy' | E.Either<PortError, DatabaseSync> => {
  try {
    const lock = new DatabaseSync(file, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return E.right(lock);
    } catch (cause) {
      lock.close();
      if (isBusy(cause)) return 'busy';
      throw cause;
    }
  } catch (cause) {
    return E.left(
      unreachable(`Cannot lock ${file}. Check that the folder is writable and its disk takes locks.`, cause),
    );
  }
};

const sqliteBusy = 5;

const isBusy = (cause: unknown) =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === sqliteBusy;
