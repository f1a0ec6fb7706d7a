/** What reading costs: a stream of twenty events against the bare query, and how far behind a subscriber is. */
import { randomUUID } from 'node:crypto';
import type { EventStore } from '@recourse/core';
import { orFault } from '@recourse/engine';
import { openPostgresStore } from '@recourse/store-postgres';
import pg from 'pg';
import { median } from '../median.ts';
import { percentile, sampleEvent } from './load.ts';

const READS = 1500;
const EVENTS = 20;

/** Medians, in milliseconds. Both make objects of what they read. */
export const rehydration = async (
  store: EventStore,
  url: string,
): Promise<Readonly<{ oursMs: number; rawMs: number }>> => {
  const streams = Array.from({ length: 50 }, () => `deployment-${randomUUID()}`);
  for (const stream of streams) {
    const [first = sampleEvent(), ...rest] = Array.from({ length: EVENTS }, sampleEvent);
    await orFault(store.append({ stream, expected: 'no-stream', events: [first, ...rest] }));
  }
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const query = 'select * from recourse.event where stream = $1 order by version';
  const [ours, raw]: [number[], number[]] = [[], []];
  const timed = async (times: number[], read: () => Promise<number>) => {
    const from = performance.now();
    if ((await read()) !== EVENTS) throw new Error('it did not read all');
    times.push(performance.now() - from);
  };
  for (let n = 0; n < READS; n++) {
    const stream = streams[n % streams.length] ?? '';
    await timed(ours, async () => (await orFault(store.read({ stream }))).events.length);
    await timed(raw, async () => (await pool.query(query, [stream])).rows.length);
  }
  await pool.end();
  return { oursMs: median(ours), rawMs: median(raw) };
};

const LAG_MS = 3000;
const WRITERS = 16;

/** From when an append is acknowledged until another process's subscriber has it, in milliseconds. */
export const subscriptionLag = async (
  store: EventStore,
  url: string,
): Promise<Readonly<{ p50Ms: number; p99Ms: number }>> => {
  const other = await orFault(openPostgresStore({ connection: url }));
  const acknowledged = new Map<string, number>();
  const seen = new Map<string, number>();
  const abort = new AbortController();
  const after = await orFault(store.head());
  const following = other.store.subscribe({ after, signal: abort.signal }, async (events) => {
    for (const { id } of events) seen.set(id, performance.now());
  })();

  const from = performance.now();
  const write = async () => {
    const stream = `deployment-${randomUUID()}`;
    while (performance.now() - from < LAG_MS) {
      const event = sampleEvent();
      await orFault(store.append({ stream, expected: 'any', events: [event] }));
      acknowledged.set(event.id, performance.now());
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  while ([...acknowledged.keys()].some((id) => !seen.has(id))) await new Promise((resolve) => setTimeout(resolve, 10));
  abort.abort();
  await following;
  await other.close();
  const lags = [...acknowledged].map(([id, at]) => Math.max(0, (seen.get(id) ?? Number.NaN) - at));
  return { p50Ms: percentile(lags, 0.5), p99Ms: percentile(lags, 0.99) };
};
