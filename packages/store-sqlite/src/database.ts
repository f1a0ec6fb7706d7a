/** A connection as the ports' parts use it: one transaction at a time, failures as values, waiting that blocks nobody. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { type Changes, changesOf } from './changes.ts';
import { integer } from './columns.ts';
import { failure, isLocked } from './failure.ts';

export type Database = Readonly<{
  prepare(sql: string): StatementSync;
  /** Runs one statement, or several that need no common view of the data. `doing` is for the error's message. */
  read<A>(doing: string, use: () => A): TaskEither<PortError, A>;
  /** Runs `use` in a transaction of its own, alone among all processes. */
  write<A>(doing: string, use: () => A): TaskEither<PortError, A>;
  changes: Changes;
  isOpen(): boolean;
  close(): void;
}>;

type Options = Readonly<{ file: string; lockTimeoutMs: number }>;

export const databaseOf = (db: DatabaseSync, options: Options): Database => {
  const version = db.prepare('pragma data_version');
  const changes = changesOf(() => integer(version.get(), 'data_version'));
  const transaction = transactionOn(db);

  return {
    prepare: (sql) => db.prepare(sql),
    read: (doing, use) => whenUnlocked(options, doing, use),
    write: (doing, use) => whenUnlocked(options, doing, () => transaction(use)),
    changes,
    isOpen: () => db.isOpen,
    close: () => {
      if (db.isOpen) db.close();
      changes.notify();
    },
  };
};

/** Tries until nobody else holds the lock. SQLite's own wait would hold up this whole process with it. */
export const whenUnlocked =
  <A>({ file, lockTimeoutMs }: Options, doing: string, use: () => A): TaskEither<PortError, A> =>
  async () => {
    const giveUpAt = performance.now() + lockTimeoutMs;
    for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
      try {
        return E.right(use());
      } catch (cause) {
        if (!isLocked(cause) || performance.now() + pause > giveUpAt) {
          return E.left(failure(doing, file, cause));
        }
      }
      await sleep(pause);
    }
  };

const transactionOn = (db: DatabaseSync) => {
  // Immediate: a transaction that turns from reading to writing fails at once if another one wrote in between.
  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');

  return <A>(use: () => A): A => {
    begin.run();
    try {
      const result = use();
      commit.run();
      return result;
    } catch (cause) {
      if (db.isOpen && db.isTransaction) db.exec('rollback');
      throw cause;
    }
  };
};
