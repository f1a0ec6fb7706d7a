/** The events' table: its statements, prepared once, and what its rows mean. */
import type { Position, StoredEvent, StreamId } from '@recourse/core';
import { type Draft, isMetadata, parsed } from '@recourse/core/storing';
import { integer, type Row, text } from './columns.ts';
import type { Database } from './database.ts';

const columns = 'position, stream, version, id, type, schema_version, data, metadata';

export type EventRows = Readonly<{
  /** The version of the stream's last event, null if there is none. */
  lastVersion(stream: StreamId): number | null;
  versionOf(stream: StreamId, id: string): number | null;
  /** The position of an event that is there. */
  positionOf(stream: StreamId, version: number): Position;
  insert(stream: StreamId, version: number, draft: Draft): Position;
  forwards(stream: StreamId, from: number, to: number, limit: number): readonly StoredEvent[];
  backwards(stream: StreamId, from: number, limit: number): readonly StoredEvent[];
  /** At most `limit` events after the position, and no more of them once they have this many bytes together. */
  after(position: number, limit: number, bytesMax: number): readonly StoredEvent[];
  lastPosition(): Position | null;
}>;

export const eventRows = ({ prepare }: Pick<Database, 'prepare'>): EventRows => {
  const last = prepare('select version from event where stream = ? order by version desc limit 1');
  const byId = prepare('select version from event where stream = ? and id = ?');
  const byVersion = prepare('select position from event where stream = ? and version = ?');
  const add = prepare(
    'insert into event (stream, version, id, type, schema_version, data, metadata) values (?, ?, ?, ?, ?, ?, ?)',
  );
  const up = prepare(
    `select ${columns} from event where stream = ? and version between ? and ? order by version limit ?`,
  );
  const down = prepare(`select ${columns} from event where stream = ? and version <= ? order by version desc limit ?`);
  const all = prepare(`select ${columns} from event where position > ? order by position limit ?`);
  const newest = prepare('select position from event order by position desc limit 1');

  return {
    lastVersion: (stream) => optional(last.get(stream), 'version'),
    versionOf: (stream, id) => optional(byId.get(stream, id), 'version'),
    positionOf: (stream, version) => String(integer(byVersion.get(stream, version), 'position')),
    insert: (stream, version, { id, type, schemaVersion, data, metadata }) =>
      String(add.run(stream, version, id, type, schemaVersion, data, metadata).lastInsertRowid),
    forwards: (stream, from, to, limit) => up.all(stream, from, to, limit).map(eventOf),
    backwards: (stream, from, limit) => down.all(stream, from, limit).map(eventOf),
    after: (position, limit, bytesMax) => atMost(bytesMax, all.iterate(position, limit)).map(eventOf),
    lastPosition: () => {
      const position = optional(newest.get(), 'position');
      return position === null ? null : String(position);
    },
  };
};

const optional = (row: Row, column: string): number | null => (row === undefined ? null : integer(row, column));

const atMost = (bytesMax: number, rows: Iterable<Row>): readonly Row[] => {
  const taken: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    taken.push(row);
    bytes += text(row, 'data').length + text(row, 'metadata').length;
    if (bytes >= bytesMax) break;
  }
  return taken;
};

const eventOf = (row: Row): StoredEvent => {
  const metadata: unknown = parsed(text(row, 'metadata'));
  if (!isMetadata(metadata)) throw new TypeError(`the metadata of event ${text(row, 'id')} is not what it should be`);
  return {
    stream: text(row, 'stream'),
    version: integer(row, 'version'),
    position: String(integer(row, 'position')),
    id: text(row, 'id'),
    type: text(row, 'type'),
    schemaVersion: integer(row, 'schema_version'),
    data: parsed(text(row, 'data')),
    metadata,
  };
};
