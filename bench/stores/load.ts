/** Writers that append as fast as they are answered, each to a stream of its own. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Instant, type NewEvent } from '@recourse/core';

export type Contender = Readonly<{
  name: string;
  /** The `n`-th event of a stream, counted from 0; it rejects unless the event was written. */
  append(stream: string, n: number): Promise<void>;
  close(): Promise<void>;
}>;

export type Measured = Readonly<{ perSecond: number; timesMs: readonly number[] }>;

/** About what a deployment's events are like. */
export const sampleEvent = (): NewEvent => ({
  id: randomUUID(),
  type: 'InstanceStarted',
  schemaVersion: 1,
  data: {
    key: 'd3f9a1-start-1',
    instance: { id: '0f4c2a9d8e7b', address: { host: '10.11.12.13', port: 8080 } },
    image: { name: 'shop:d3f9a1', digest: `sha256:${'a'.repeat(64)}` },
    durationMs: 312,
  },
  metadata: {
    recordedAt: Instant.parse(1_764_000_000_000),
    actor: 'ada',
    correlationId: randomUUID(),
    causationId: randomUUID(),
  },
});

export const measure = async (
  { append }: Contender,
  { writers, roundMs }: Readonly<{ writers: number; roundMs: number }>,
): Promise<Measured> => {
  const times: number[] = [];
  const from = performance.now();
  const write = async () => {
    const stream = `deployment-${randomUUID()}`;
    for (let n = 0; performance.now() - from < roundMs; n++) {
      const asked = performance.now();
      await append(stream, n);
      times.push(performance.now() - asked);
      // What answers without waiting would otherwise keep the other writers from writing.
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return { perSecond: (times.length / (performance.now() - from)) * 1000, timesMs: times };
};

export const percentile = (values: readonly number[], part: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
};
