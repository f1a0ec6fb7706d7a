import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Json } from './event-store.ts';
import type { PortError } from './port-error.ts';

/** What a stream amounted to at `version`. Only ever a shortcut: losing it costs time, never facts. */
export type Snapshot = Readonly<{
  /** The version of the last event that is folded in. */
  version: number;
  /** The shape of `state`. One of another shape than the reader's is ignored. */
  schema: number;
  state: Json;
}>;

/** One snapshot a key; a later save replaces an earlier one. Errors: `store/unavailable` (transient). */
export interface Snapshots {
  load(key: string): TaskEither<PortError, Snapshot | null>;
  save(key: string, snapshot: Snapshot): TaskEither<PortError, void>;
}
