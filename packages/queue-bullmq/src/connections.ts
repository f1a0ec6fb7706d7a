/** How Redis is reached: for a single command within a bounded time, for a consumer for as long as it takes. */
import { Redis, type RedisOptions } from 'ioredis';

/** Without a prefix of ioredis's own, which BullMQ's scripts do not know. */
export type Connection = string | Omit<RedisOptions, 'keyPrefix'>;

export type Connect = (purpose: Purpose) => Redis;

type Purpose = Pick<RedisOptions, 'commandTimeout' | 'maxRetriesPerRequest'>;

/** By default ioredis keeps for ever what it cannot send, and whoever sent it waits. */
export const forCommands: Purpose = { commandTimeout: 3000, maxRetriesPerRequest: 2 };

/** BullMQ demands that what a consumer asks for outlasts an outage. */
const forConsumer: Purpose = { maxRetriesPerRequest: null };

/** Connections to one place. What goes wrong is told to whoever waits for an answer, not to the console. */
export const connector =
  (connection: Connection): Connect =>
  (purpose) => {
    // BullMQ reads replies as they were before RESP3.
    const options = { connectTimeout: 3000, retryStrategy, replyMapping: 'legacy' as const, ...purpose };
    const client =
      typeof connection === 'string' ? new Redis(connection, options) : new Redis({ ...connection, ...options });
    client.on('error', () => undefined);
    return client;
  };

const retryStrategy = (times: number): number => Math.min(times * 100, 1000);

/** A connection for BullMQ, which makes a second one of it to wait on. `cut` ends both, whatever waits for an answer. */
export const consumerConnection = (connect: Connect): Readonly<{ connection: Redis; cut(): Promise<void> }> => {
  const connection = connect(forConsumer);
  const all = [connection];
  const duplicate = connection.duplicate.bind(connection);
  connection.duplicate = (override) => {
    const second = duplicate(override);
    second.on('error', () => undefined);
    all.push(second);
    return second;
  };
  return { connection, cut: async () => void (await Promise.all(all.map(cut))) };
};

/** A client between two attempts to connect takes no notice of `disconnect`: one more attempt, and it does. */
const cut = async (client: Redis): Promise<void> => {
  client.disconnect();
  if (client.status !== 'reconnecting') return;
  await client.connect().catch(() => undefined);
  client.disconnect();
};
