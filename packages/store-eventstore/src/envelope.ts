/**
 * An event as the server has it: our data is its data, as plain JSON, for its projections and its pages to read. What
 * it has no place for is in the metadata, around ours. Stored for ever: fields may be added, never changed.
 */
import type { EventMetadata, Json, NewEvent, StoredEvent } from '@recourse/core';
import { type Draft, isMetadata, parsed } from '@recourse/core/storing';
import type { ReadEvent, SentEvent } from './client.ts';
import { serverIdOf } from './event-id.ts';
import { typedError } from './failure.ts';
import type { Names } from './names.ts';
import { isKnown, positionOf } from './position.ts';

type Envelope = Readonly<{
  id: string;
  schemaVersion: number;
  /** Made anew for each append: by it, an append knows its own events from equal ones that somebody else appended. */
  append: string;
  metadata: EventMetadata;
}>;

/**
 * From the text that was checked: what the caller does to the event meanwhile is not sent. `$correlationId` and
 * `$causationId` are the server's own words, by which it finds what belongs together.
 */
export const sentEventOf = ({ metadata }: NewEvent, draft: Draft, append: string): SentEvent => ({
  id: serverIdOf(draft.id),
  contentType: 'application/json',
  type: draft.type,
  data: parsed(draft.data),
  metadata: {
    $correlationId: metadata.correlationId,
    $causationId: metadata.causationId,
    id: draft.id,
    schemaVersion: draft.schemaVersion,
    append,
    metadata: parsed(draft.metadata),
  },
});

export const storedEventOf = (names: Names, read: ReadEvent): StoredEvent => {
  const stream = names.idOf(read.streamId);
  const { position, metadata: envelope } = read;
  if (position === undefined || !isKnown(position)) throw typedError('server-too-old', 'an event has no position');
  if (stream === null || !hasJson(read) || !isEnvelope(envelope)) {
    throw typedError('corrupt', `event ${read.revision} of ${read.streamId} is not one of Recourse`);
  }
  return {
    id: envelope.id,
    type: read.type,
    schemaVersion: envelope.schemaVersion,
    data: read.data,
    metadata: envelope.metadata,
    stream,
    version: Number(read.revision),
    position: positionOf(position),
  };
};

/** Whether it was written by the append of that name. */
export const isOf = ({ metadata }: ReadEvent, append: string): boolean =>
  isEnvelope(metadata) && metadata.append === append;

/** What the client parsed as JSON is JSON. */
const hasJson = (read: ReadEvent): read is ReadEvent & { data: Json } => read.isJson;

const isEnvelope = (value: unknown): value is Envelope =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'schemaVersion' in value &&
  Number.isSafeInteger(value.schemaVersion) &&
  'append' in value &&
  typeof value.append === 'string' &&
  'metadata' in value &&
  isMetadata(value.metadata);
