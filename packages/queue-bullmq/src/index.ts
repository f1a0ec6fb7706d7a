// The public surface of @recourse/queue-bullmq. What is not named here may change without notice.
export { type BullmqQueue, type BullmqQueueOptions, openBullmqQueue } from './open-bullmq-queue.ts';
