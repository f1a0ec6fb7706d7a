/** Asks PostgreSQL, one statement at a time, each a transaction of its own; failures are values, and no wait is endless. */
import type { PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { closed, failure, unreadable } from './failure.ts';
import type { PostgresClient, PostgresPool, Row, Value } from './pool.ts';

export type Database = Readonly<{
  /** `doing` is for the error's message; `use` makes of the rows what is asked for, and may throw if it cannot. */
  ask<A>(
    doing: string,
    text: string,
    values: readonly Value[],
    use: (rows: readonly Row[]) => A,
  ): TaskEither<PortError, A>;
  pool: PostgresPool;
  isOpen(): boolean;
}>;

/** How long to wait for a connection and an answer, beyond the wait for a lock. A log of a million events takes less. */
export const ANSWER_MS = 30_000;

export const ask = async (
  pool: PostgresPool,
  text: string,
  values: readonly Value[],
  answerMs: number,
): Promise<readonly Row[]> => {
  const client = await connected(pool, answerMs);
  let sound = false;
  try {
    const { rows } = await inTime(client.query(queryOf(text, values)), answerMs);
    sound = true;
    return rows.map(rowOf);
  } finally {
    // A connection on which something went wrong is not used again: an answer may still be on its way.
    giveBack(client, { destroy: !sound });
  }
};

/** Without session state, prepared statements or parsers that a platform may have changed for all its pools. */
export const queryOf = (text: string, values: readonly Value[]) => ({
  text,
  values: [...values],
  rowMode: 'array' as const,
  types: { getTypeParser: () => asWritten },
});

const asWritten = (text: string): string => text;

/** A client that fails while somebody waits for an answer tells it twice: by the answer, and by an event. */
export const ignore = (): void => undefined;

/** One that comes too late is given back. */
export const connected = async (pool: PostgresPool, answerMs: number): Promise<PostgresClient> => {
  const connecting = new Promise<PostgresClient>((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) return reject(error ?? new Error('the pool has no connection'));
      // At once, not when the promise is looked at: the server's good-bye may come in the same packet.
      client.on('error', ignore);
      resolve(client);
    });
  });
  try {
    return await inTime(connecting, answerMs);
  } catch (cause) {
    connecting.then((client) => giveBack(client, { destroy: false }), ignore);
    throw cause;
  }
};

/** A client is never without a listener: an error that nobody listens to would end the process. */
export const giveBack = (client: PostgresClient, { destroy }: Readonly<{ destroy: boolean }>): void => {
  client.release(destroy);
  // The pool has its own listener again, unless it lets go of the client for good.
  if (!destroy) client.off('error', ignore);
};

const inTime = async <A>(answer: Promise<A>, ms: number): Promise<A> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(ignore);
  }
};

export const databaseOf = (pool: PostgresPool, isOpen: () => boolean, answerMs = ANSWER_MS): Database => ({
  pool,
  isOpen,
  ask: (doing, text, values, use) => async () => {
    if (!isOpen()) return E.left(closed(doing));
    let rows: readonly Row[];
    try {
      rows = await ask(pool, text, values, answerMs);
    } catch (cause) {
      return E.left(failure(doing, cause));
    }
    return E.tryCatch(
      () => use(rows),
      (cause) => unreadable(doing, cause),
    );
  },
});

const rowOf = (row: unknown): Row => {
  if (!Array.isArray(row)) throw new TypeError('expected rows as lists: the pool is not that of pg');
  return row;
};
