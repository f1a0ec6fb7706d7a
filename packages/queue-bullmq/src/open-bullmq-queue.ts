/** A queue for several machines, on a Redis that may forget. */
import type { PortError, WorkQueue } from '@recourse/core';
import { Queue } from 'bullmq';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Connection, connector, forCommands } from './connections.ts';
import { consumer } from './consumer.ts';
import { unavailable } from './failure.ts';
import { bullmqWorkQueue } from './work-queue.ts';

export type BullmqQueueOptions = Readonly<{
  /** `redis://…` or `rediss://…`, or what the platform gives to ioredis elsewhere. */
  connection: Connection;
  /** The name of the queue, without a colon. Platforms that share a Redis need different ones. Default `recourse-work`. */
  name?: string;
  /** What its keys in Redis begin with. Default `recourse`. */
  prefix?: string;
}>;

export type BullmqQueue = Readonly<{
  queue: WorkQueue;
  /**
   * Consumers under way begin nothing new and end, as all later calls do, with `queue/unavailable`. Resolves when
   * their handlers have ended and every connection is closed.
   */
  close(): Promise<void>;
}>;

/**
 * Connects. Nothing has to be prepared in Redis.
 *
 * Errors: `queue/unavailable` (transient).
 */
export const openBullmqQueue = ({
  connection,
  name = 'recourse-work',
  prefix = 'recourse',
}: BullmqQueueOptions): TE.TaskEither<PortError, BullmqQueue> =>
  TE.tryCatch(
    async () => {
      const connect = connector(connection);
      const commands = connect(forCommands);
      try {
        await commands.ping();
      } catch (cause) {
        commands.disconnect();
        throw cause;
      }
      const bullmq = new Queue(name, { connection: commands, prefix, streams: { events: { maxLen: EVENTS_MAX } } });
      bullmq.on('error', () => undefined);
      const closing = new AbortController();
      const consuming = new Set<Promise<unknown>>();
      const consume = consumer({ name, prefix, connect, commands, active: new Set(), closed: closing.signal });

      return {
        queue: bullmqWorkQueue(bullmq, (options, handle) => () => {
          const ended = consume(options, handle)();
          consuming.add(ended);
          return ended.finally(() => consuming.delete(ended));
        }),
        close: async () => {
          closing.abort();
          await Promise.allSettled(consuming);
          await bullmq.close().catch(() => undefined);
          commands.disconnect();
        },
      };
    },
    (cause) => unavailable('open the queue', cause),
  );

/** BullMQ tells what happens on a stream that nobody here reads. */
const EVENTS_MAX = 100;
