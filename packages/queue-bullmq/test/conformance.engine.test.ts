import { durableWorkQueueConformance, right, workQueueConformance } from '@recourse/testing';
import { Queue } from 'bullmq';
import { startRedis } from '../../../scripts/engines/redis.ts';
import { finishing, spawner } from '../../../scripts/engines/spawned.ts';
import { openBullmqQueue } from '../src/index.ts';

const spawned = spawner(import.meta.url);

const onRedis = async () => {
  const { url, prefix, stop } = await startRedis();
  const { queue, close } = await right(openBullmqQueue({ connection: url, prefix }));
  const taker = async () => {
    const child = spawned('hanging-consumer.ts', url, prefix);
    await child.said('taken');
    return child;
  };
  return {
    queue,
    plant: async (message: unknown) => {
      const theirs = new Queue('recourse-work', { connection: { url }, prefix });
      await theirs.add('whatever', message);
      await theirs.close();
    },
    takeAndDie: async () => (await taker()).kill(),
    takeAndStandStill: async () => {
      const child = await taker();
      child.standStill();
      return { goOn: () => finishing(child) };
    },
    disconnect: close,
    close: async () => {
      await close();
      await stop();
    },
  };
};

workQueueConformance('openBullmqQueue', onRedis);
durableWorkQueueConformance('openBullmqQueue', onRedis);
