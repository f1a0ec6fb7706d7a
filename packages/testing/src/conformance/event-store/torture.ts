/** Sixteen writers, readers and a subscriber at once, and the checker's eight rules over what they were told. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventStore, ExpectedVersion, StoredEvent } from '@recourse/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Operation, type Seen, violations } from '../history-checker.ts';
import { right } from '../outcome.ts';
import { ids, someEvents, someStream, wholeLog } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

const WRITERS = 16;
const APPENDS_EACH = 12;

type Site = Readonly<{
  streams: readonly string[];
  operations: Operation[];
  observed: Seen[];
  /** Counts up at each question and each answer: one clock for all. */
  tick: () => number;
}>;

/** Appends in all ways, often beaten to it, often sent twice as if the first answer had been lost. */
const write = async (store: EventStore, writer: number, { streams, operations, observed, tick }: Site) => {
  for (let n = 0; n < APPENDS_EACH; n += 1) {
    const stream = streams[(writer + n * n) % streams.length] ?? '';
    const seen = await right(store.read({ stream }));
    observed.push(...seen.events);
    // Without this, writers in one process would take turns and never meet.
    if (n % 3) await nextTurn();
    const mode = (writer + n) % 3;
    const expected: ExpectedVersion = mode === 0 ? 'any' : (seen.version ?? 'no-stream');
    const events = someEvents(1 + (n % 3));
    const invokedAt = tick();
    const send = () => store.append({ stream, expected, events })();
    const [outcome] = n % 4 ? [await send()] : await Promise.all([send(), send()]);
    operations.push({
      stream,
      ids: ids(events),
      firstVersion: expected === 'any' ? null : expected === 'no-stream' ? 0 : Number(expected) + 1,
      invokedAt,
      endedAt: tick(),
      outcome: outcome._tag === 'Right' ? 'ok' : outcome.left.kind === 'permanent' ? 'fail' : 'unknown',
      version: outcome._tag === 'Right' ? outcome.right.version : null,
    });
  }
};

export const tortureClauses = (fresh: Fresh): void => {
  test('what sixteen writers were told is what the log holds', async () => {
    const { store, another } = await fresh();
    const clients = [store, await another(), await another(), await another()];
    let time = 0;
    const tick = () => ++time;
    const site: Site = { streams: Array.from({ length: 5 }, someStream), operations: [], observed: [], tick };
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const delivered: StoredEvent[] = [];
    const subscription = (await another()).subscribe({ after: null, signal: abort.signal }, async (events) => {
      delivered.push(...events);
      await nextTurn();
    })();

    await Promise.all(Array.from({ length: WRITERS }, (_, i) => write(clients[i % 4] ?? store, i, site)));

    const log = await wholeLog(store);
    await vi.waitFor(() => expect(delivered.length).toBeGreaterThanOrEqual(log.length), { timeout: 30_000 });
    abort.abort();
    await subscription;
    const reads = site.streams.map(async (stream) => [stream, (await right(store.read({ stream }))).events] as const);
    const streams = new Map(await Promise.all(reads));
    expect(violations({ ...site, log, streams, delivered })).toEqual([]);
    expect(await wholeLog(await another())).toEqual(log);

    const outcomes = new Set(site.operations.map(({ outcome }) => outcome));
    expect(outcomes, 'a run in which nobody won, or nobody lost, proves nothing').toContain('ok');
    expect(outcomes).toContain('fail');
  });
};
