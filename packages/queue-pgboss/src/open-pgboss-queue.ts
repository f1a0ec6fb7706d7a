/** A queue for several machines, in a PostgreSQL that is there anyway. */
import type { PortError, WorkQueue } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { PgBoss } from 'pg-boss';
import { answerOf } from './answer.ts';
import { consumer } from './consumer.ts';
import { unavailable } from './failure.ts';
import { jobTable, queueOptions } from './job-table.ts';
import type { SqlExecutor } from './sql-executor.ts';
import { pgBossWorkQueue } from './work-queue.ts';

export type PgBossQueueOptions = Readonly<{
  /**
   * `postgres://…`, for connections of its own; or what runs SQL on the platform's pool, as pg-boss takes it:
   * `{ executeSql: (text, values) => pool.query(text, values) }`. Without its `listen` a wake-up waits for the next
   * look, a quarter of a second at most.
   */
  connection: string | SqlExecutor;
  /** The schema of pg-boss's tables: created, and brought up to date, if this user may. Default `recourse_queue`. */
  schema?: string;
  /** The name of the queue in it. Platforms that share a schema need different ones. Default `recourse-work`. */
  name?: string;
  /** The most connections of its own, without the one that listens. Default 4. */
  connectionsMax?: number;
}>;

export type PgBossQueue = Readonly<{
  queue: WorkQueue;
  /**
   * Consumers under way begin nothing new and end, as all later calls do, with `queue/unavailable`. Resolves when
   * their handlers have ended and every connection of its own is closed.
   */
  close(): Promise<void>;
}>;

/**
 * Connects, and creates what is missing. Several processes may do so at once.
 *
 * Errors: `queue/unavailable` (transient).
 */
export const openPgBossQueue = ({
  connection,
  schema = 'recourse_queue',
  name = 'recourse-work',
  connectionsMax = 4,
}: PgBossQueueOptions): TE.TaskEither<PortError, PgBossQueue> =>
  TE.tryCatch(
    async () => {
      const place = typeof connection === 'string' ? { connectionString: connection } : { db: connection };
      const boss = new PgBoss({
        ...place,
        schema,
        max: connectionsMax,
        connectionTimeoutMillis: 2000,
        schedule: false,
        registerInstance: false,
      });
      // An outage is told to whoever asks for something.
      boss.on('error', () => undefined);
      const stop = () => boss.stop({ graceful: false }).catch(() => undefined);
      try {
        await boss.start();
        await answerOf(boss.createQueue(name, queueOptions));
      } catch (cause) {
        await stop();
        throw cause;
      }
      const jobs = jobTable(boss, { schema, name });
      const closing = new AbortController();
      const consuming = new Set<Promise<unknown>>();
      const consume = consumer({ jobs, active: new Set(), closed: closing.signal });

      return {
        queue: pgBossWorkQueue(jobs, (options, handle) => () => {
          const ended = consume(options, handle)();
          consuming.add(ended);
          return ended.finally(() => consuming.delete(ended));
        }),
        close: async () => {
          closing.abort();
          await Promise.allSettled(consuming);
          await stop();
        },
      };
    },
    (cause) => unavailable('open the queue', cause),
  );
