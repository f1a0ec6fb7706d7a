/**
 * The queue as this package uses it. pg-boss lets one job of a key be active, in whatever process (its policy
 * `singleton`), and any number wait: so no wake-up is lost, and one for now does not wait for one for later. Those that
 * wait when a handling begins are answered by it, and go.
 */
import { createHash } from 'node:crypto';
import { WakeUp } from '@recourse/core';
import type { Db, JobAttempt, PgBoss, Queue } from 'pg-boss';
import { answerOf } from './answer.ts';

/** A job that nobody touched for so long is another's to take. pg-boss's own heartbeats take ten seconds or more. */
export const LEASE_MS = 3000;

const YEAR_SECONDS = 365 * 86_400;

/** A job comes back until it is handled: its attempts do not end. */
export const queueOptions = {
  policy: 'singleton',
  retryLimit: 2 ** 31 - 1,
  // Whole seconds, so only until `giveBack` says how long.
  retryDelay: 1,
  // The most that pg-boss allows: who is alive is told by the lease.
  expireInSeconds: 86_400,
  retentionSeconds: YEAR_SECONDS,
} satisfies Omit<Queue, 'name'>;

export type Job = JobAttempt & Readonly<{ data: unknown }>;

/** Each rejects if PostgreSQL does not do it, or not in time. */
export type JobTable = Readonly<{
  put(wakeUp: WakeUp, delayMs: number): Promise<void>;
  /** At most one of a deployment, and none of one that is active. */
  take(limit: number): Promise<readonly Job[]>;
  touch(jobs: readonly Job[]): Promise<void>;
  /** Handling begins: whatever else waits for this deployment is answered by it. The job itself stays. */
  answerWaiting(deployment: string): Promise<void>;
  /** Gone. Of a job that somebody else has taken meanwhile, nothing changes, here and in `giveBack`. */
  finish(job: Job): Promise<void>;
  giveBack(job: Job, afterMs: number): Promise<void>;
  /** Gives back what others took and no longer touch. */
  giveBackLapsed(): Promise<void>;
  /** Calls when somebody put something, if the database tells. What ends it. */
  listen(wake: () => void): Promise<() => Promise<void>>;
}>;

export const jobTable = (boss: PgBoss, { schema, name }: Readonly<{ schema: string; name: string }>): JobTable => {
  const db = boss.getDb();
  const channel = `recourse_${createHash('sha256').update(`${schema}\n${name}`).digest('hex').slice(0, 32)}`;
  const lapsed = `
    select id, retry_count as "retryCount" from ${schema}.job
    where name = $1 and state = 'active' and heartbeat_on < now() - interval '${LEASE_MS} milliseconds'`;

  return {
    put: async ({ v, deploymentId }, delayMs) => {
      const options = { singletonKey: deploymentId, startAfter: delayMs / 1000 };
      await answerOf(boss.send(name, { v, deploymentId }, options));
      // It is there: who does not hear of it looks now and then.
      if (delayMs === 0)
        await answerOf(db.executeSql('select pg_notify($1, $2)', [channel, ''])).catch(() => undefined);
    },
    take: (limit) => answerOf(boss.fetch<unknown>(name, { batchSize: limit })),
    touch: async (jobs) => void (await answerOf(boss.touch(name, [...jobs]))),
    answerWaiting: async (deployment) => {
      const waiting = await answerOf(boss.findJobs(name, { key: deployment, queued: true }));
      if (waiting.length > 0)
        await answerOf(
          boss.deleteJob(
            name,
            waiting.map(({ id }) => id),
          ),
        );
    },
    finish: async (job) => void (await answerOf(boss.deleteJob(name, job))),
    giveBack: async (job, afterMs) => {
      await answerOf(boss.fail(name, job));
      // What is active again, in other hands, is left alone.
      await answerOf(boss.update({ name, options: { id: job.id, startAfter: afterMs / 1000 } }));
    },
    giveBackLapsed: async () => {
      const { rows } = await answerOf(db.executeSql(lapsed, [name]));
      if (rows.length > 0) await answerOf(boss.fail(name, rows));
    },
    listen: (wake) => listenTo(db, channel, wake),
  };
};

const listenTo = async (db: Db, channel: string, wake: () => void): Promise<() => Promise<void>> => {
  const handle = await db.listen?.(channel, wake, wake).catch(() => undefined);
  return async () => handle?.close();
};

/** What is no wake-up is of no deployment but its own. */
export const deploymentOf = ({ id, data }: Job): string => WakeUp.safeParse(data).data?.deploymentId ?? `job ${id}`;
