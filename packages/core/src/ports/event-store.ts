import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Instant } from '../identity.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';

/** Plain data, as JSON can say it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** `deployment-<id>` or `environment-<id>`: 1 to 255 characters, no NUL, not starting with `$`. */
export type StreamId = string;

/** Where an event stands in the whole store. Opaque: only the store that gave it can read it. */
export type Position = string;

export type EventMetadata = Readonly<{
  recordedAt: Instant;
  actor: string;
  /** The same for everything that one request set off. */
  correlationId: string;
  /** The id of the command or event that led to this one. */
  causationId: string;
}>;

export type NewEvent = Readonly<{
  /** Made by the caller, unique: the same id again is the same event. */
  id: string;
  type: string;
  schemaVersion: number;
  data: Json;
  metadata: EventMetadata;
}>;

/** `version` counts from 0 in its stream, without gaps. */
export type StoredEvent = NewEvent & Readonly<{ stream: StreamId; version: number; position: Position }>;

/** A number is the version of the last event that the caller has seen. */
export type ExpectedVersion = 'any' | 'no-stream' | 'stream-exists' | number;

/** Somebody else appended first. Nothing was written; `actual` is null if there is no such stream. */
export type WrongExpectedVersion = PortError &
  Readonly<{
    code: 'store/wrong-expected-version';
    kind: 'permanent';
    stream: StreamId;
    expected: ExpectedVersion;
    actual: number | null;
  }>;

export const isWrongExpectedVersion = (error: PortError): error is WrongExpectedVersion =>
  error.code === 'store/wrong-expected-version';

/**
 * An append-only log of streams, with one order over all of them.
 *
 * - What goes in comes out byte for byte, key order included, or is refused before (`store/invalid-event`, permanent).
 * - Appends are atomic and their versions dense. `any` never fails by contention.
 * - The same ids with the same expectation again succeed with the first positions, also after later events
 *   (KurrentDB's rule): an exact or `no-stream` expectation that lies behind succeeds if and only if the events that
 *   follow it carry exactly these ids; `any` and `stream-exists` succeed if all ids are in this stream, in a row.
 *   Some but not all of them there is `store/wrong-expected-version`.
 * - `store/unavailable` (transient) leaves it open whether the append happened: read again, then decide again.
 * - `store/too-large` and `store/invalid-event` are permanent and tell the limit or the field.
 */
export interface EventStore {
  append(
    request: Readonly<{ stream: StreamId; expected: ExpectedVersion; events: readonly [NewEvent, ...NewEvent[]] }>,
  ): TaskEither<
    PortError | WrongExpectedVersion,
    Readonly<{ version: number; position: Position; deduplicated: boolean }>
  >;

  /**
   * Events of one stream from `from` on (inclusive; the default is its beginning, or its end when going backwards).
   * A stream that does not exist is an answer: `version` null and no events.
   */
  read(
    request: Readonly<{ stream: StreamId; from?: number; direction?: 'forwards' | 'backwards'; limit?: number }>,
  ): TaskEither<PortError, Readonly<{ version: number | null; events: readonly StoredEvent[] }>>;

  /** The next events of the whole store in commit order, strictly after `after`; null is the beginning. */
  readAll(
    request: Readonly<{ after: Position | null; limit: number }>,
  ): TaskEither<PortError, Readonly<{ events: readonly StoredEvent[]; next: Position | null }>>;

  /** The position of the newest event, null in an empty store. */
  head(): TaskEither<PortError, Position | null>;

  /**
   * Hands over every event after `after`, in commit order, without gaps, never inverted inside a stream, then what
   * is appended later, until the signal aborts. One batch at a time: the next waits for the last to resolve. A batch
   * that rejects ends the subscription with `store/subscriber-failed` (permanent).
   */
  subscribe(
    request: Readonly<{ after: Position | null; signal: CancelSignal }>,
    onEvents: (events: readonly StoredEvent[]) => Promise<void>,
  ): TaskEither<PortError, void>;
}
