/** The events' table: what is asked of it, and what its rows mean. */
import type { PortError, Position, StoredEvent, StreamId } from '@recourse/core';
import { isMetadata, parsed } from '@recourse/core/storing';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { integer, text } from './columns.ts';
import type { Database } from './database.ts';
import type { Row } from './pool.ts';

const columns = 'position, stream, version, id, type, schema_version, data, metadata';

type Slice = Readonly<{ version: number | null; events: readonly StoredEvent[] }>;
type Window = Readonly<{ from: number; limit: number | null }>;

export type EventRows = Readonly<{
  forwards(stream: StreamId, window: Window): TaskEither<PortError, Slice>;
  backwards(stream: StreamId, window: Window): TaskEither<PortError, Slice>;
  after(position: number, limit: number): TaskEither<PortError, readonly StoredEvent[]>;
  /** At most so many, and no more of them once they have so many bytes together. */
  batchAfter(position: number, limit: number, bytesMax: number): TaskEither<PortError, readonly StoredEvent[]>;
  lastPosition(): TaskEither<PortError, Position | null>;
}>;

export const eventRows = ({ ask }: Database, schema: string): EventRows => {
  const event = `${schema}.event`;
  // One statement is one look: the head and the events are of the same moment. A stream that is there has a row.
  const slice = (compared: '>=' | '<=', order: 'asc' | 'desc') => `
    select head.version, ${columns.replaceAll(/\w+/g, 'found.$&')}
    from (select version from ${event} where stream = $1 order by version desc limit 1) head
    left join lateral (
      select ${columns} from ${event} where stream = $1 and version ${compared} $2::bigint
      order by version ${order} limit $3
    ) found on true
    order by found.version ${order}`;
  const up = slice('>=', 'asc');
  const down = slice('<=', 'desc');
  const all = `select ${columns} from ${event} where position > $1 order by position limit $2`;
  const bounded = `
    select ${columns} from (
      select *, sum(bytes) over (order by position rows between unbounded preceding and 1 preceding) as bytes_before
      from (
        select *, octet_length(data::text) + octet_length(metadata::text) as bytes
        from ${event} where position > $1 order by position limit $2
      ) next
    ) counted
    where bytes_before is null or bytes_before < $3::bigint
    order by position`;

  return {
    forwards: (stream, { from, limit }) => ask(`read ${stream}`, up, [stream, from, limit], sliceOf),
    backwards: (stream, { from, limit }) => ask(`read ${stream}`, down, [stream, from, limit], sliceOf),
    after: (position, limit) => ask('read the events', all, [position, limit], eventsOf),
    batchAfter: (position, limit, bytesMax) => ask('read the events', bounded, [position, limit, bytesMax], eventsOf),
    lastPosition: () =>
      ask('find the newest event', `select position from ${event} order by position desc limit 1`, [], ([row]) =>
        row === undefined ? null : text(row, 0),
      ),
  };
};

const sliceOf = (rows: readonly Row[]): Slice => {
  const [first] = rows;
  if (first === undefined) return { version: null, events: [] };
  const events = rows.filter((row) => row[1] !== null).map((row) => eventOf(row, 1));
  return { version: integer(first, 0), events };
};

const eventsOf = (rows: readonly Row[]): readonly StoredEvent[] => rows.map((row) => eventOf(row, 0));

/** `at` is where the event's columns begin. */
const eventOf = (row: Row, at: number): StoredEvent => {
  const metadata: unknown = parsed(text(row, at + 7));
  const id = text(row, at + 3);
  if (!isMetadata(metadata)) throw new TypeError(`the metadata of event ${id} is not what it should be`);
  return {
    position: text(row, at),
    stream: text(row, at + 1),
    version: integer(row, at + 2),
    id,
    type: text(row, at + 4),
    schemaVersion: integer(row, at + 5),
    data: parsed(text(row, at + 6)),
    metadata,
  };
};
