/** Checks what a caller wants to append, before the file is touched, and puts it into the text that is kept. */
import type { EventMetadata, NewEvent, PortError, StreamId } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { flawIn, flawInText } from './plain-json.ts';

/** Of one event: its data and metadata as JSON in UTF-8. */
export const EVENT_BYTES_MAX = 2 ** 20;
/** Of all events of one append together. */
export const APPEND_BYTES_MAX = 4 * 2 ** 20;

export type Draft = Readonly<{ id: string; type: string; schemaVersion: number; data: string; metadata: string }>;

export const draftsOf = (stream: StreamId, events: readonly NewEvent[]): E.Either<PortError, readonly Draft[]> => {
  const flaw = flawInStream(stream) ?? flawInEvents(events);
  if (flaw !== null) return E.left(invalid(flaw));

  const drafts = events.map(draftOf);
  const sizes = drafts.map(({ data, metadata }) => Buffer.byteLength(data) + Buffer.byteLength(metadata));
  const largest = Math.max(...sizes);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (largest > EVENT_BYTES_MAX) return E.left(tooLarge('An event', largest, EVENT_BYTES_MAX));
  if (total > APPEND_BYTES_MAX) return E.left(tooLarge('An append', total, APPEND_BYTES_MAX));
  return E.right(drafts);
};

/** Why this cannot be a stream's id; null if it can. */
export const flawInStream = (stream: StreamId): string | null => {
  if (stream.startsWith('$')) return 'stream starts with "$", which is kept for stores';
  return flawInName(stream, 'stream');
};

export const invalid = (flaw: string): PortError => ({
  kind: 'permanent',
  code: 'store/invalid-event',
  message: `Refused, and nothing was written: ${flaw}.`,
});

export const tooLarge = (what: string, bytes: number, max: number): PortError => ({
  kind: 'permanent',
  code: 'store/too-large',
  message: `${what} of ${bytes} bytes is over the limit of ${max} bytes, and nothing was written. Keep less in it.`,
});

/** Metadata as this store reads it back. */
export const isMetadata = (value: unknown): value is EventMetadata =>
  typeof value === 'object' &&
  value !== null &&
  'recordedAt' in value &&
  Number.isSafeInteger(value.recordedAt) &&
  ['actor', 'correlationId', 'causationId'].every((name) => typeof Reflect.get(value, name) === 'string');

const draftOf = ({ id, type, schemaVersion, data, metadata }: NewEvent): Draft => ({
  id,
  type,
  schemaVersion,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
});

const flawInEvents = (events: readonly NewEvent[]): string | null => {
  if (events.length === 0) return 'events is empty';
  const flaws = events.map((event, i) => flawInEvent(event, `events[${i}]`));
  const seen = new Set<string>();
  const twice = events.findIndex(({ id }) => seen.size === seen.add(id).size);
  return flaws.find((flaw) => flaw !== null) ?? (twice === -1 ? null : `events[${twice}].id is given twice`);
};

const flawInEvent = ({ id, type, schemaVersion, data, metadata }: NewEvent, field: string): string | null =>
  flawInName(id, `${field}.id`) ??
  flawInName(type, `${field}.type`) ??
  (Number.isSafeInteger(schemaVersion) ? null : `${field}.schemaVersion is not an integer`) ??
  flawIn(data, `${field}.data`) ??
  flawIn(metadata, `${field}.metadata`) ??
  (isMetadata(metadata) ? null : `${field}.metadata lacks recordedAt, actor, correlationId or causationId`);

const flawInName = (name: string, field: string): string | null => {
  if (name.length === 0 || name.length > 255) return `${field} has ${name.length} characters, not 1 to 255`;
  return flawInText(name, field);
};
