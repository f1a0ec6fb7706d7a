import type { WorkQueue } from '@recourse/core';

export type WorkQueueUnderTest = Readonly<{
  /** Empty. */
  queue: WorkQueue;
  /** Puts a message there as it stands, as an older or newer release would have, or one with a fault. */
  plant(message: unknown): Promise<void>;
  /** Makes the queue unreachable until `close`. */
  disconnect(): Promise<void>;
  close(): Promise<void>;
}>;

export type DurableWorkQueueUnderTest = WorkQueueUnderTest &
  Readonly<{
    /** Lets a consumer in a process of its own take what is due, and kills it (SIGKILL) while its handler runs. */
    takeAndDie(): Promise<void>;
    /**
     * Lets a consumer in a process of its own take what is due, and stops that process (SIGSTOP) while its handler
     * runs. `goOn` lets it go on and its handler end well; after that it takes nothing more.
     */
    takeAndStandStill(): Promise<Readonly<{ goOn(): Promise<void> }>>;
  }>;

/** Opens an empty queue that is closed when the test is over. */
export type Fresh = () => Promise<WorkQueueUnderTest>;
