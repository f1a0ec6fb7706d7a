/** EventStore on PostgreSQL. The order of positions is the order of commits: whoever appends has the one lock. */
import type { EventStore, ExpectedVersion, PortError, StreamId } from '@recourse/core';
import { draftsOf, flawInStream, invalidEvent, numberOf, wrongVersion } from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { appender } from './appender.ts';
import type { Changes } from './changes.ts';
import type { Database } from './database.ts';
import { eventRows } from './event-rows.ts';
import { NEXT } from './schema.ts';
import { subscribeTo } from './subscription.ts';

/** `schema` as it is written in SQL. */
type Options = Readonly<{ schema: string; lockTimeoutMs: number; changes: Changes }>;

export const postgresEventStore = (database: Database, { schema, lockTimeoutMs, changes }: Options): EventStore => {
  const rows = eventRows(database, schema);
  const append = appender(database, { schema, lockTimeoutMs, onAppended: changes.appended });

  return {
    append:
      ({ stream, expected, events }) =>
      async () => {
        const drafts = draftsOf(stream, events);
        if (E.isLeft(drafts)) return drafts;
        const outcome = await append({ stream, next: nextVersion(expected), drafts: drafts.right });
        if (E.isLeft(outcome)) return outcome;
        const { place, version, position } = outcome.right;
        if (place === 'nowhere') return E.left(wrongVersion(stream, expected, version < 0 ? null : version));
        return E.right({ version, position, deduplicated: place === 'there' });
      },

    read: ({ stream, from, direction, limit = null }) =>
      pipe(
        validStream(stream),
        TE.chain(() =>
          direction === 'backwards'
            ? rows.backwards(stream, { from: from ?? Number.MAX_SAFE_INTEGER, limit })
            : rows.forwards(stream, { from: from ?? 0, limit }),
        ),
      ),

    readAll: ({ after, limit }) =>
      pipe(
        TE.fromEither(numberOf(after)),
        TE.chain((position) => rows.after(position, limit)),
        TE.map((events) => ({ events, next: events.at(-1)?.position ?? after })),
      ),

    head: rows.lastPosition,

    subscribe: ({ after, signal }, onEvents) =>
      pipe(
        TE.fromEither(numberOf(after)),
        TE.chain((position) => subscribeTo({ database, rows, changes }, { after: position, signal }, onEvents)),
      ),
  };
};

/** A number that no version can be follows nothing. */
const nextVersion = (expected: ExpectedVersion): number => {
  if (expected === 'no-stream') return 0;
  if (expected === 'any') return NEXT.any;
  if (expected === 'stream-exists') return NEXT.streamExists;
  return Number.isSafeInteger(expected) && expected >= 0 ? expected + 1 : NEXT.never;
};

const validStream = (stream: StreamId): TE.TaskEither<PortError, StreamId> => {
  const flaw = flawInStream(stream);
  return flaw === null ? TE.right(stream) : TE.left(invalidEvent(flaw));
};
