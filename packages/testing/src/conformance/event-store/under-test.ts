import type { EventStore } from '@recourse/core';

/** One adapter under test, and the hands that reach around it. */
export type EventStoreUnderTest = Readonly<{
  /** Empty. */
  store: EventStore;
  /**
   * One more client of the same events that shares no memory with the others, as a process that starts later has it.
   * Where only one client is possible, that one.
   */
  another(): Promise<EventStore>;
  /** Makes the events unreachable, for all clients, until `close`. */
  disconnect(): Promise<void>;
  close(): Promise<void>;
}>;

/** Opens an empty store that is closed when the test is over. */
export type Fresh = () => Promise<EventStoreUnderTest>;
