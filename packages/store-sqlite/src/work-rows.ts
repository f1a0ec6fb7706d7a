/**
 * The queue's table: one row a deployment. A message stays in it while it is worked on, claimed for as long as whoever
 * works on it renews the claim, and `due_at` is when the row is next to be looked at: when the message is due, or when
 * the claim runs out. A wake-up that comes meanwhile leaves its own due time in `again_at`.
 */
import { integer, type Row, text } from './columns.ts';
import type { Database } from './database.ts';

/** A claim that was not renewed for so long is another's to take. Short: a deployment of a dead worker waits for it. */
export const LEASE_MS = 3000;

export type Claim = Readonly<{ deployment: string; token: string }>;
export type Job = Claim & Readonly<{ message: string; deliveries: number }>;

/** Instants are milliseconds since 1970, by the machine's clock: what all processes on the file have in common. */
export type WorkRows = Readonly<{
  /** A message for a deployment that has one joins it, at the earlier of both due times. */
  put(deployment: string, message: string, dueAt: number): void;
  /** When the next row is due, null if there is none. `except` are deployments that this process works on. */
  nextDue(except: readonly string[]): number | null;
  claim(token: string, now: number, except: readonly string[], limit: number): readonly Job[];
  renew(claim: Claim, now: number): void;
  /** Done: the row goes, unless a wake-up came meanwhile. A claim that was lost changes nothing. */
  finish(claim: Claim): void;
  /** Not done: due again at `dueAt`, and a wake-up that came meanwhile with it. */
  giveBack(claim: Claim, dueAt: number): void;
}>;

export const workRows = ({ prepare }: Pick<Database, 'prepare'>): WorkRows => {
  const put = prepare(`
    insert into work (deployment, message, due_at) values (?, ?, ?)
    on conflict (deployment) do update set
      message = excluded.message,
      due_at = iif(claim is null, min(due_at, excluded.due_at), due_at),
      again_at = iif(claim is null, null, min(coalesce(again_at, excluded.due_at), excluded.due_at))`);
  const due = prepare(
    'select due_at from work where deployment not in (select value from json_each(?)) order by due_at limit 1',
  );
  // A wake-up that is due by now is met by the handling that starts now.
  const claim = prepare(`
    update work set claim = ?1, due_at = ?2 + ${LEASE_MS}, deliveries = deliveries + 1,
      again_at = iif(again_at <= ?2, null, again_at)
    where deployment in (
      select deployment from work
      where due_at <= ?2 and deployment not in (select value from json_each(?3)) order by due_at limit ?4)
    returning deployment, message, deliveries, claim`);
  const renew = prepare(`update work set due_at = ? + ${LEASE_MS} where deployment = ? and claim = ?`);
  const remove = prepare('delete from work where deployment = ? and claim = ? and again_at is null');
  const again = prepare(`
    update work set due_at = again_at, again_at = null, claim = null, deliveries = 0
    where deployment = ? and claim = ?`);
  const giveBack = prepare(`
    update work set due_at = ?, again_at = null, claim = null where deployment = ? and claim = ?`);

  return {
    put: (deployment, message, dueAt) => void put.run(deployment, message, dueAt),
    nextDue: (except) => {
      const row = due.get(JSON.stringify(except));
      return row === undefined ? null : integer(row, 'due_at');
    },
    claim: (token, now, except, limit) => claim.all(token, now, JSON.stringify(except), limit).map(jobOf),
    renew: ({ deployment, token }, now) => void renew.run(now, deployment, token),
    finish: ({ deployment, token }) => {
      if (remove.run(deployment, token).changes === 0) again.run(deployment, token);
    },
    giveBack: ({ deployment, token }, dueAt) => void giveBack.run(dueAt, deployment, token),
  };
};

const jobOf = (row: Row): Job => ({
  deployment: text(row, 'deployment'),
  token: text(row, 'claim'),
  message: text(row, 'message'),
  deliveries: integer(row, 'deliveries'),
});
