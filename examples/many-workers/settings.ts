/** What a process of the platform has to know, from the variables of its environment. */
import { z } from 'zod';

export type Settings = Readonly<{
  postgresUrl: string;
  /** Null: wake-ups go through PostgreSQL as well. */
  redis: Readonly<{ url: string; prefix: string }> | null;
  haproxySocket: string;
  /** Where bundles, instances and git's cache are. */
  folder: string;
}>;

const Variables = z.object({
  PLATFORM_POSTGRES: z.url(),
  PLATFORM_REDIS: z.url().optional(),
  PLATFORM_REDIS_PREFIX: z.string().default('platform'),
  PLATFORM_HAPROXY: z.string(),
  PLATFORM_FOLDER: z.string(),
});

export const readSettings = (variables: Readonly<Record<string, string | undefined>>): Settings => {
  const { PLATFORM_REDIS: redis, ...rest } = Variables.parse(variables);
  return {
    postgresUrl: rest.PLATFORM_POSTGRES,
    redis: redis === undefined ? null : { url: redis, prefix: rest.PLATFORM_REDIS_PREFIX },
    haproxySocket: rest.PLATFORM_HAPROXY,
    folder: rest.PLATFORM_FOLDER,
  };
};

export const toVariables = ({ postgresUrl, redis, haproxySocket, folder }: Settings): Record<string, string> => ({
  PLATFORM_POSTGRES: postgresUrl,
  PLATFORM_HAPROXY: haproxySocket,
  PLATFORM_FOLDER: folder,
  ...(redis === null ? {} : { PLATFORM_REDIS: redis.url, PLATFORM_REDIS_PREFIX: redis.prefix }),
});
