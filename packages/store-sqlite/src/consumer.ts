/** Takes messages that are due, hands them over, and holds them for as long as their handlers run. */
import { randomUUID } from 'node:crypto';
import { type CancelSignal, latch, type PortError, type WorkQueue } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Database } from './database.ts';
import { type Claim, type Job, LEASE_MS, type WorkRows } from './work-rows.ts';

/** How long a message rests after its handler failed: doubled each time, so that what keeps failing is no load. */
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5000;
/** How long a consumer rests that could not reach the file. It gives up only what is closed or damaged. */
const OUTAGE_MS = 500;
/** A timer cannot be set for ever, and clocks are put right. */
const WAIT_MS_MAX = 60_000;

type Consume = WorkQueue['consume'];
type Handle = Parameters<Consume>[1];

/** What the consumers of one connection share: no deployment is in two hands in this process, whatever the clock does. */
type Shared = Readonly<{ database: Database; rows: WorkRows; active: Map<string, Claim> }>;

export const consumer = (database: Database, rows: WorkRows): Consume => {
  const shared: Shared = { database, rows, active: new Map() };

  return ({ concurrency, signal }, handle) =>
    async () => {
      const running = new Map<string, Promise<void>>();
      const wake = latch();
      const idle = async (ms: number) => {
        const timer = setTimeout(wake.open, ms);
        await wake.wait();
        clearTimeout(timer);
      };
      const stopListening = database.changes.listen(wake.open);
      signal.addEventListener('abort', wake.open);
      const heartbeat = setInterval(() => void renew(shared, running.keys()), LEASE_MS / 3);
      try {
        return await takeInTurn(shared, { concurrency, signal, running, handle, idle });
      } finally {
        await Promise.all(running.values());
        clearInterval(heartbeat);
        stopListening();
        signal.removeEventListener('abort', wake.open);
      }
    };
};

type Loop = Readonly<{
  concurrency: number;
  signal: CancelSignal;
  running: Map<string, Promise<void>>;
  handle: Handle;
  idle: (ms: number) => Promise<void>;
}>;

const takeInTurn = async (shared: Shared, loop: Loop): Promise<E.Either<PortError, void>> => {
  while (!loop.signal.aborted) {
    const wait = await takeSome(shared, loop);
    if (E.isRight(wait)) await loop.idle(wait.right);
    else if (wait.left.kind === 'transient' && shared.database.isOpen()) await loop.idle(OUTAGE_MS);
    else return wait;
  }
  return E.right(undefined);
};

/** Starts what is due and may be started. Gives back after how many milliseconds to look again. */
const takeSome = async (
  shared: Shared,
  { concurrency, signal, running, handle }: Loop,
): Promise<E.Either<PortError, number>> => {
  const free = concurrency - running.size;
  if (free <= 0) return E.right(WAIT_MS_MAX);
  const wait = await nextInMs(shared)();
  if (E.isLeft(wait) || wait.right > 0) return wait;
  const jobs = await take(shared, free)();
  if (E.isLeft(jobs)) return jobs;

  for (const job of jobs.right) {
    const done = work(shared, job, signal, handle).then(() => {
      running.delete(job.deployment);
      shared.database.changes.notify();
    });
    running.set(job.deployment, done);
  }
  return E.right(0);
};

/** A look takes no lock, so it goes before every claim. */
const nextInMs = ({ database, rows, active }: Shared): TaskEither<PortError, number> =>
  database.read('look for messages', () => {
    const dueAt = rows.nextDue([...active.keys()]);
    return dueAt === null ? WAIT_MS_MAX : Math.max(0, Math.min(dueAt - Date.now(), WAIT_MS_MAX));
  });

const take = ({ database, rows, active }: Shared, limit: number): TaskEither<PortError, readonly Job[]> =>
  pipe(
    database.write('claim messages', () => rows.claim(randomUUID(), Date.now(), [...active.keys()], limit)),
    TE.map((jobs) => {
      for (const job of jobs) active.set(job.deployment, job);
      return jobs;
    }),
  );

/** What cannot be written down here is put right by the end of the claim: the message comes back. */
const work = async (
  { database, rows, active }: Shared,
  job: Job,
  signal: CancelSignal,
  handle: Handle,
): Promise<void> => {
  const settle = signal.aborted
    ? () => rows.giveBack(job, Date.now())
    : await Promise.resolve(messageOf(job))
        .then(handle)
        .then(
          () => () => rows.finish(job),
          () => () => rows.giveBack(job, Date.now() + backoffMs(job.deliveries)),
        );
  await database.write('settle a message', settle)();
  active.delete(job.deployment);
};

const renew = ({ database, rows, active }: Shared, deployments: Iterable<string>): Promise<unknown> => {
  const claims = [...deployments].flatMap((deployment) => active.get(deployment) ?? []);
  if (claims.length === 0) return Promise.resolve();
  return database.write('renew claims', () => {
    for (const claim of claims) rows.renew(claim, Date.now());
  })();
};

const backoffMs = (deliveries: number): number => Math.min(BACKOFF_MS * 2 ** (deliveries - 1), BACKOFF_MS_MAX);

/** As stored: also what is no JSON is the handler's to judge. */
const messageOf = ({ message }: Job): unknown => {
  try {
    return JSON.parse(message);
  } catch {
    return message;
  }
};
