import { startPrivateDockerEngine } from './docker.ts';
import { startPrivatePostgres } from './postgres.ts';
import { startPrivateRedis } from './redis.ts';
import { shareEngines } from './shared.ts';

/** Before the first engine test of a run. Nothing starts until a test asks; what it returns ends it all. */
export const setup = (): Promise<() => Promise<void>> =>
  shareEngines({
    docker: async () => {
      const { socketPath, stop } = await startPrivateDockerEngine();
      return { address: socketPath, stop };
    },
    postgres: async () => {
      const { url, stop } = await startPrivatePostgres();
      return { address: url, stop };
    },
    redis: async () => {
      const { url, stop } = await startPrivateRedis();
      return { address: url, stop };
    },
  });
