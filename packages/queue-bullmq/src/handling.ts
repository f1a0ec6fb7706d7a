/**
 * Who handles a deployment: at most one job of it at a time in all processes, told by that job's lock, which BullMQ
 * renews while its process lives. And which jobs that handling answers: all that were queued before it began, even if
 * they are due later.
 */
import type { Redis } from 'ioredis';

/**
 * `begun`: this job's handling begins now. `held`: another job's handling is under way, look again later.
 * `answered`: a handling that began after this job was queued, and whose own job stays until it succeeds, did for it.
 */
export type Verdict = 'begun' | 'held' | 'answered';

/** Whoever queued a delay of more than that is handled once too often. */
const REMEMBER_MS = 86_400_000;

/**
 * Ids count up, so a job queued by now has one up to the counter. A counter below what is remembered is a new one:
 * somebody emptied a part of Redis.
 * The key by which BullMQ merges wake-ups goes first: one that comes from here on is a new job.
 */
const script = `
local me, prefix = ARGV[1], ARGV[2]
local by, upTo = unpack(redis.call('HMGET', KEYS[1], 'by', 'upTo'))
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if by and by ~= me then
  if redis.call('EXISTS', prefix .. by .. ':lock') == 1 then return 'held' end
  local mine, theirs = tonumber(me), tonumber(upTo)
  if mine and mine <= theirs and theirs <= last then return 'answered' end
end
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[1], 'by', me, 'upTo', last)
redis.call('PEXPIRE', KEYS[1], ${REMEMBER_MS})
return 'begun'`;

/** `prefix` is what all keys of the queue begin with, the colon included. */
export const beginHandling = async (
  redis: Redis,
  { prefix, deployment, job }: Readonly<{ prefix: string; deployment: string; job: string }>,
): Promise<Verdict> => {
  const keys = [`${prefix}handling:${deployment}`, `${prefix}id`, `${prefix}de:${deployment}`];
  const verdict = await redis.eval(script, keys.length, ...keys, job, prefix);
  return verdict === 'begun' || verdict === 'answered' ? verdict : 'held';
};
