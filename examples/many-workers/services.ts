/** PostgreSQL, Redis and HAProxy for as long as the example runs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haproxyConfig } from '@recourse/haproxy';
import { startHaproxy } from '../../scripts/engines/haproxy.ts';
import { startPostgres } from '../../scripts/engines/postgres.ts';
import { startRedis } from '../../scripts/engines/redis.ts';
import type { Settings } from './settings.ts';

export type QueueName = 'bullmq' | 'pgboss';

export type Services = Readonly<{
  settings: Settings;
  /** Where an environment is served. */
  urlOf(environment: string): URL;
  stop(): Promise<void>;
}>;

export const startServices = async (queue: QueueName): Promise<Services> => {
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'recourse-many-workers-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startPostgres();
    ends.push(postgres.stop);
    const redis = queue === 'bullmq' ? await startRedis() : null;
    if (redis !== null) ends.push(redis.stop);
    // The first part of a path names the environment: on one machine there are no host names to tell them apart.
    const haproxy = await startHaproxy(({ port, socketPath, routesFile }) =>
      haproxyConfig({ bind: `127.0.0.1:${port}`, socketPath, routesFile, environment: 'path,field(2,/)' }),
    );
    ends.push(haproxy.stop);
    return {
      settings: { postgresUrl: postgres.url, redis, haproxySocket: haproxy.socketPath, folder },
      urlOf: (environment) => new URL(`http://127.0.0.1:${haproxy.port}/${environment}/`),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
