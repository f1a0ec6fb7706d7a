/** A store on a double that is told what to do, and events for it. All ends with the test. */
import { randomUUID } from 'node:crypto';
import { type EventStore, Instant, type Json, type NewEvent, type StoredEvent } from '@recourse/core';
import { right } from '@recourse/testing';
import { onTestFinished, vi } from 'vitest';
import { type EventStoreDBOptions, openEventStoreDB } from '../src/index.ts';
import { type DoubleOptions, startDouble } from './double/server-double.ts';

export const doubled = async (options: DoubleOptions & Readonly<{ timeoutMs?: number }> = {}) => {
  const double = await startDouble(options);
  onTestFinished(double.stop);
  const { timeoutMs = 5000 } = options;
  const openOne = async (more: Partial<EventStoreDBOptions> = {}) => {
    const one = await right(openEventStoreDB({ server: double.connectionString, timeoutMs, ...more }));
    onTestFinished(() => one.close());
    return one;
  };
  return { double, openOne, ...(await openOne()) };
};

export const someEvent = (data: Json = null, id: string = randomUUID()): NewEvent => ({
  id,
  type: 'StepStarted',
  schemaVersion: 1,
  data,
  metadata: { recordedAt: Instant.parse(7), actor: 'ada', correlationId: 'c-1', causationId: 'k-1' },
});

export const append = (store: EventStore, stream: string, ...events: readonly [NewEvent, ...NewEvent[]]) =>
  right(store.append({ stream, expected: 'any', events }));

/** Of somebody else, by the double's own hands. */
export const foreign = (text = '{}') => ({
  id: randomUUID(),
  type: 'OrderPlaced',
  contentType: 'application/json',
  data: Uint8Array.from(Buffer.from(text)),
  metadata: new Uint8Array(),
});

/** Subscribes, and ends with the test. */
export const follow = (
  store: EventStore,
  onEvents: (events: readonly StoredEvent[]) => Promise<void> = async () => {},
) => {
  const abort = new AbortController();
  const seen: StoredEvent[] = [];
  const ended = store.subscribe({ after: null, signal: abort.signal }, async (events) => {
    await onEvents(events);
    seen.push(...events);
  })();
  const end = async () => {
    abort.abort();
    return ended;
  };
  onTestFinished(async () => void (await end()));
  const saw = (count: number) =>
    vi.waitFor(
      () => {
        if (seen.length < count) throw new Error(`saw ${seen.length} of ${count}`);
      },
      { timeout: 20_000, interval: 5 },
    );
  return { seen, saw, end, ended };
};
