/** Takes jobs that are due, hands them over, and holds them for as long as their handlers run. */
import { latch, type WorkQueue } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { wasClosed } from './failure.ts';
import { deploymentOf, type Job, type JobTable, LEASE_MS } from './job-table.ts';

/** How long a consumer rests that heard of nothing: a delayed message may be that late. */
const LOOK_MS = 250;
/** How long a message rests after its handler failed: doubled each time, so that what keeps failing is no load. */
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5000;

export type Consume = WorkQueue['consume'];
type Handle = Parameters<Consume>[1];

/** What the consumers of one process share: no deployment is in two hands in this process, whatever the clock does. */
export type Shared = Readonly<{ jobs: JobTable; active: Set<string>; closed: AbortSignal }>;

export const consumer =
  (shared: Shared): Consume =>
  ({ concurrency, signal }, handle) =>
  async () => {
    const running = new Map<Job, Promise<void>>();
    const wake = latch();
    signal.addEventListener('abort', wake.open);
    shared.closed.addEventListener('abort', wake.open);
    const isOver = () => signal.aborted || shared.closed.aborted;
    const listening = isOver() ? async () => undefined : await shared.jobs.listen(wake.open);
    const heartbeat = setInterval(() => void renew(shared, running), LEASE_MS / 3);
    try {
      while (!isOver()) {
        await takeSome(shared, { concurrency, isOver, running, handle, wake: wake.open });
        const look = setTimeout(wake.open, LOOK_MS);
        await wake.wait();
        clearTimeout(look);
      }
    } finally {
      await Promise.all(running.values());
      clearInterval(heartbeat);
      await listening();
      signal.removeEventListener('abort', wake.open);
      shared.closed.removeEventListener('abort', wake.open);
    }
    return signal.aborted ? E.right(undefined) : E.left(wasClosed);
  };

type Loop = Readonly<{
  concurrency: number;
  isOver: () => boolean;
  running: Map<Job, Promise<void>>;
  handle: Handle;
  wake: () => void;
}>;

/** Starts what is due and may be started. An outage is one more reason to look again later. */
const takeSome = async (shared: Shared, { concurrency, isOver, running, handle, wake }: Loop): Promise<void> => {
  const free = concurrency - running.size;
  if (free <= 0) return;
  const jobs = await shared.jobs.take(free).catch(() => []);
  for (const job of jobs) {
    const done = work(shared, job, isOver, handle).then(() => {
      running.delete(job);
      wake();
    });
    running.set(job, done);
  }
};

/** What cannot be told to PostgreSQL is put right by the end of the lease: the message comes back. */
const work = async (shared: Shared, job: Job, isOver: () => boolean, handle: Handle): Promise<void> => {
  const { jobs } = shared;
  const restMs = isOver() ? 0 : await handleOne(shared, job, handle);
  await (restMs === null ? jobs.finish(job) : jobs.giveBack(job, restMs)).catch(() => undefined);
};

/** How long the job has to rest; null if it is done with. */
const handleOne = async ({ jobs, active }: Shared, job: Job, handle: Handle): Promise<number | null> => {
  const deployment = deploymentOf(job);
  // This process stood still for so long that the lease was lost, and goes on handling it.
  if (active.has(deployment)) return LOOK_MS;
  active.add(deployment);
  try {
    await jobs.answerWaiting(deployment);
    await handle(job.data);
    return null;
  } catch {
    return Math.min(BACKOFF_MS * 2 ** job.retryCount, BACKOFF_MS_MAX);
  } finally {
    active.delete(deployment);
  }
};

const renew = async ({ jobs }: Shared, running: ReadonlyMap<Job, unknown>): Promise<void> => {
  const mine = [...running.keys()];
  if (mine.length > 0) await jobs.touch(mine).catch(() => undefined);
  await jobs.giveBackLapsed().catch(() => undefined);
};
