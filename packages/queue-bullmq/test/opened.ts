import { type BullmqQueue, type BullmqQueueOptions, openBullmqQueue } from '@recourse/queue-bullmq';

/** For scripts, which end with what went wrong. */
export const opened = async (options: BullmqQueueOptions): Promise<BullmqQueue> => {
  const outcome = await openBullmqQueue(options)();
  if (outcome._tag === 'Left') throw new Error(outcome.left.message, { cause: outcome.left });
  return outcome.right;
};
