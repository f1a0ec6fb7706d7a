/** Hands jobs over, one of a deployment at a time, and gives back what was not handled. */
import { WakeUp, type WorkQueue } from '@recourse/core';
import { DelayedError, type Job, Worker } from 'bullmq';
import * as E from 'fp-ts/lib/Either.js';
import type { Redis } from 'ioredis';
import { type Connect, consumerConnection } from './connections.ts';
import { wasClosed } from './failure.ts';
import { beginHandling } from './handling.ts';

/** A lock that was not renewed for so long is gone, and its job another's to take after the next look or two. */
export const LOCK_MS = 3000;
const LOOK_FOR_STALLED_MS = 500;
/** How long a message rests after its handler failed: doubled each time, so that what keeps failing is no load. */
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5000;
/** How long a message rests whose deployment is in other hands. */
const HELD_MS = 250;
/** How long the last words to a Redis that may be away are waited for. What is not said, the end of the lock says. */
const LAST_WORDS_MS = 2000;

export type Consume = WorkQueue['consume'];
type Handle = Parameters<Consume>[1];

export type Shared = Readonly<{
  name: string;
  /** Of BullMQ's keys. */
  prefix: string;
  connect: Connect;
  commands: Redis;
  /** Deployments: what the consumers of one process share, whatever becomes of a lock. */
  active: Set<string>;
  closed: AbortSignal;
}>;

export const consumer =
  (shared: Shared): Consume =>
  ({ concurrency, signal }, handle) =>
  async () => {
    const isOver = () => signal.aborted || shared.closed.aborted;
    const over = Promise.withResolvers<void>();
    const end = () => over.resolve();
    for (const either of [signal, shared.closed]) either.addEventListener('abort', end);
    if (!isOver()) await work(shared, { concurrency, isOver, end: over.promise, handle });
    for (const either of [signal, shared.closed]) either.removeEventListener('abort', end);
    return shared.closed.aborted && !signal.aborted ? E.left(wasClosed) : E.right(undefined);
  };

type Options = Readonly<{ concurrency: number; isOver: () => boolean; end: Promise<void>; handle: Handle }>;

const work = async (shared: Shared, { concurrency, isOver, end, handle }: Options): Promise<void> => {
  const running = new Set<Promise<void>>();
  const run = (job: Job, token: string | undefined) => {
    const done = (async () => {
      const restMs = isOver() ? 0 : await handleJob(shared, job, handle);
      if (restMs !== null) await giveBack(job, token, restMs);
    })();
    running.add(done);
    return done.finally(() => running.delete(done));
  };

  const { connection, cut } = consumerConnection(shared.connect);
  const worker = new Worker(shared.name, run, {
    connection,
    prefix: shared.prefix,
    concurrency,
    lockDuration: LOCK_MS,
    lockRenewTime: LOCK_MS / 3,
    stalledInterval: LOOK_FOR_STALLED_MS,
    // By default BullMQ parks a job that stalled twice.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: 500,
    removeOnComplete: { count: 0 },
  });
  // An outage, or a job that was taken from us meanwhile: both are made good by the end of a lock.
  worker.on('error', () => undefined);

  await end;
  const closing = worker.close();
  await Promise.allSettled(running);
  await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref())]);
  await cut();
  await closing;
};

/** How long the job has to rest; null if it is done with. */
const handleJob = async (shared: Shared, job: Job, handle: Handle): Promise<number | null> => {
  const deployment = deploymentOf(job);
  // Its own job even: a process that stood still may have lost the lock of what it goes on handling.
  if (shared.active.has(deployment)) return HELD_MS;
  shared.active.add(deployment);
  try {
    const verdict = await begin(shared, deployment, job);
    if (verdict !== 'begun') return verdict === 'held' ? HELD_MS : null;
    await handle(job.data);
    return null;
  } catch {
    return backoffMs(job.attemptsStarted);
  } finally {
    shared.active.delete(deployment);
  }
};

const begin = ({ commands, name, prefix }: Shared, deployment: string, job: Job) =>
  beginHandling(commands, { prefix: `${prefix}:${name}:`, deployment, job: job.id ?? '' });

/** What is no wake-up is of no deployment but its own. */
const deploymentOf = (job: Job): string => WakeUp.safeParse(job.data).data?.deploymentId ?? `job ${job.id}`;

/** Rejects, which is BullMQ's way to say that a job is not done. If it cannot be told, its lock ends by itself. */
const giveBack = async (job: Job, token: string | undefined, afterMs: number): Promise<never> => {
  await job.moveToDelayed(Date.now() + afterMs, token).catch(() => undefined);
  throw new DelayedError();
};

const backoffMs = (deliveries: number): number => Math.min(BACKOFF_MS * 2 ** (deliveries - 1), BACKOFF_MS_MAX);
