/** EventStore on one SQLite file. The order of positions is the order of commits: there is one writer at a time. */
import type { EventStore, ExpectedVersion, PortError, Position, StreamId, WrongExpectedVersion } from '@recourse/core';
import {
  type Draft,
  draftsOf,
  flawInStream,
  invalidEvent,
  numberOf,
  placementOf,
  wrongVersion,
} from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Database } from './database.ts';
import { type EventRows, eventRows } from './event-rows.ts';
import { subscribeTo } from './subscription.ts';

export const sqliteEventStore = (database: Database): EventStore => {
  const rows = eventRows(database);

  return {
    append:
      ({ stream, expected, events }) =>
      async () => {
        const drafts = draftsOf(stream, events);
        if (E.isLeft(drafts)) return drafts;
        const write = database.write(`append to ${stream}`, () => append(rows, stream, expected, drafts.right));
        const outcome = E.flatten<AppendError, Appended>(await write());
        if (E.isRight(outcome)) database.changes.notify();
        return outcome;
      },

    read: (request) =>
      pipe(
        validStream(request.stream),
        TE.chain((stream) => database.read(`read ${stream}`, () => read(rows, request))),
      ),

    readAll: ({ after, limit }) =>
      pipe(
        TE.fromEither(numberOf(after)),
        TE.chain((position) => database.read('read the events', () => rows.after(position, limit, Infinity))),
        TE.map((events) => ({ events, next: events.at(-1)?.position ?? after })),
      ),

    head: () => database.read('find the newest event', rows.lastPosition),

    subscribe: ({ after, signal }, onEvents) =>
      pipe(
        TE.fromEither(numberOf(after)),
        TE.chain((position) => subscribeTo(database, rows, { after: position, signal }, onEvents)),
      ),
  };
};

type AppendError = PortError | WrongExpectedVersion;
type Appended = Readonly<{ version: number; position: Position; deduplicated: boolean }>;

/** Inside a transaction: nothing changes between the look at the stream and the insertion. */
const append = (
  rows: EventRows,
  stream: StreamId,
  expected: ExpectedVersion,
  drafts: readonly Draft[],
): E.Either<AppendError, Appended> => {
  const head = rows.lastVersion(stream);
  const found = drafts.map(({ id }) => rows.versionOf(stream, id));
  const placement = placementOf(expected, head, found);

  if (placement.place === 'nowhere') return E.left(wrongVersion(stream, expected, head));
  if (placement.place === 'there') {
    const version = placement.version + drafts.length - 1;
    return E.right({ version, position: rows.positionOf(stream, version), deduplicated: true });
  }
  const first = head === null ? 0 : head + 1;
  const positions = drafts.map((draft, i) => rows.insert(stream, first + i, draft));
  return E.right({ version: first + drafts.length - 1, position: positions.at(-1) ?? '', deduplicated: false });
};

/** What is appended between the two looks lies behind the first one's head, and is left out. */
const read = (rows: EventRows, { stream, from, direction, limit = -1 }: Parameters<EventStore['read']>[0]) => {
  const version = rows.lastVersion(stream);
  if (version === null) return { version, events: [] };
  const events =
    direction === 'backwards'
      ? rows.backwards(stream, Math.min(from ?? version, version), limit)
      : rows.forwards(stream, from ?? 0, version, limit);
  return { version, events };
};

const validStream = (stream: StreamId): TE.TaskEither<PortError, StreamId> => {
  const flaw = flawInStream(stream);
  return flaw === null ? TE.right(stream) : TE.left(invalidEvent(flaw));
};
