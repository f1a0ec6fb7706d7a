/** Where events and wake-ups are kept: in one file, or in servers that many machines share. */
import { join } from 'node:path';
import { orFault, type Ports } from '@recourse/engine';
import { openBullmqQueue } from '@recourse/queue-bullmq';
import { openPgBossQueue } from '@recourse/queue-pgboss';
import { openPostgresStore } from '@recourse/store-postgres';
import { openSqliteStore } from '@recourse/store-sqlite';
import { startPostgres } from '../../../../scripts/engines/postgres.ts';
import { startRedis } from '../../../../scripts/engines/redis.ts';

/** As another process is told. `redis` null: the queue is in PostgreSQL as well. */
export type Storage =
  | Readonly<{ kind: 'sqlite'; file: string }>
  | Readonly<{ kind: 'postgres'; url: string; redis: Readonly<{ url: string; prefix: string }> | null }>;

export const storageNames = ['SQLite', 'PostgreSQL and BullMQ', 'PostgreSQL and pg-boss'] as const;
export type StorageName = (typeof storageNames)[number];

/** Servers are started, or a place in shared ones is made. */
export const startStorage = async (
  name: StorageName,
  folder: string,
): Promise<Readonly<{ storage: Storage; stop(): Promise<void> }>> => {
  if (name === 'SQLite')
    return { storage: { kind: 'sqlite', file: join(folder, 'recourse.db') }, stop: async () => undefined };
  const postgres = await startPostgres();
  const redis = name === 'PostgreSQL and BullMQ' ? await startRedis() : null;
  return {
    storage: { kind: 'postgres', url: postgres.url, redis: redis && { url: redis.url, prefix: redis.prefix } },
    stop: async () => {
      await redis?.stop();
      await postgres.stop();
    },
  };
};

export type Opened = Readonly<{
  ports: Pick<Ports, 'store' | 'snapshots' | 'queue'>;
  close(): Promise<void>;
}>;

export const openStorage = async (storage: Storage): Promise<Opened> => {
  if (storage.kind === 'sqlite') {
    const { close, ...ports } = await orFault(openSqliteStore({ file: storage.file }));
    return { ports, close: async () => close() };
  }
  const { close: closeStore, ...ports } = await orFault(openPostgresStore({ connection: storage.url }));
  const { close: closeQueue, queue } = await orFault(
    storage.redis === null
      ? openPgBossQueue({ connection: storage.url })
      : openBullmqQueue({ connection: storage.redis.url, prefix: storage.redis.prefix }),
  );
  return {
    ports: { ...ports, queue },
    close: async () => {
      await closeQueue();
      await closeStore();
    },
  };
};
