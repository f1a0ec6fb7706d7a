/** Checks what a caller wants to append, before the store is touched, and puts it into the text that is kept. */
import * as E from 'fp-ts/lib/Either.js';
import type { EventMetadata, NewEvent, StreamId } from '../ports/event-store.ts';
import type { PortError } from '../ports/port-error.ts';
import { flawIn, flawInText, utf8Length } from './plain-json.ts';

/** Of one event: its data and metadata as JSON in UTF-8. */
export const EVENT_BYTES_MAX = 2 ** 20;
/** Of all events of one append together. */
export const APPEND_BYTES_MAX = 4 * 2 ** 20;

/** An event as text, which every store can keep as it is. */
export type Draft = Readonly<{ id: string; type: string; schemaVersion: number; data: string; metadata: string }>;

/** `store/invalid-event` or `store/too-large` for what would not come back as it is. */
export const draftsOf = (stream: StreamId, events: readonly NewEvent[]): E.Either<PortError, readonly Draft[]> => {
  const flaw = flawInStream(stream) ?? flawInEvents(events);
  if (flaw !== null) return E.left(invalidEvent(flaw));

  const drafts = events.map(draftOf);
  let total = 0;
  for (const { data, metadata } of drafts) {
    const bytes = utf8Length(data) + utf8Length(metadata);
    if (bytes > EVENT_BYTES_MAX) return E.left(tooLarge('An event', bytes, EVENT_BYTES_MAX));
    total += bytes;
  }
  return total > APPEND_BYTES_MAX ? E.left(tooLarge('An append', total, APPEND_BYTES_MAX)) : E.right(drafts);
};

/** Why this cannot be a stream's id; null if it can. */
export const flawInStream = (stream: StreamId): string | null => {
  if (stream.startsWith('$')) return 'stream starts with "$", which is kept for stores';
  return flawInName(stream, 'stream');
};

export const invalidEvent = (flaw: string): PortError => ({
  kind: 'permanent',
  code: 'store/invalid-event',
  message: `Refused, and nothing was written: ${flaw}.`,
});

export const tooLarge = (what: string, bytes: number, max: number): PortError => ({
  kind: 'permanent',
  code: 'store/too-large',
  message: `${what} of ${bytes} bytes is over the limit of ${max} bytes, and nothing was written. Keep less in it.`,
});

/** Whether what a store reads back is the metadata of an event. */
export const isMetadata = (value: unknown): value is EventMetadata =>
  typeof value === 'object' &&
  value !== null &&
  'recordedAt' in value &&
  Number.isSafeInteger(value.recordedAt) &&
  'actor' in value &&
  typeof value.actor === 'string' &&
  'correlationId' in value &&
  typeof value.correlationId === 'string' &&
  'causationId' in value &&
  typeof value.causationId === 'string';

const draftOf = ({ id, type, schemaVersion, data, metadata }: NewEvent): Draft => ({
  id,
  type,
  schemaVersion,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
});

const flawInEvents = (events: readonly NewEvent[]): string | null => {
  if (events.length === 0) return 'events is empty';
  const seen = new Set<string>();
  for (const [i, event] of events.entries()) {
    const flaw = flawInEvent(event);
    if (flaw !== null) return `events[${i}].${flaw}`;
    if (seen.has(event.id)) return `events[${i}].id is given twice`;
    seen.add(event.id);
  }
  return null;
};

const flawInEvent = ({ id, type, schemaVersion, data, metadata }: NewEvent): string | null =>
  flawInName(id, 'id') ??
  flawInName(type, 'type') ??
  (Number.isSafeInteger(schemaVersion) ? null : 'schemaVersion is not an integer') ??
  flawIn(data, 'data') ??
  flawIn(metadata, 'metadata') ??
  (isMetadata(metadata) ? null : 'metadata lacks recordedAt, actor, correlationId or causationId');

const flawInName = (name: string, field: string): string | null => {
  if (name.length === 0 || name.length > 255) return `${field} has ${name.length} characters, not 1 to 255`;
  return flawInText(name, field);
};
