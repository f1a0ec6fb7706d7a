import { DatabaseSync } from 'node:sqlite';
import type { EventStore, StoredEvent } from '@recourse/core';
import { type Operation, right, violations } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openSqliteStore } from '../src/index.ts';
import { pause } from './sample.ts';
import { spawned } from './spawned.ts';
import { temporaryFile } from './temporary-file.ts';

const streams = ['deployment-a', 'deployment-b', 'environment-c'] as const;
const patience = { timeout: 40_000, interval: 5 };

const open = async (file: string) => {
  const sqlite = await right(openSqliteStore({ file }));
  onTestFinished(() => sqlite.close());
  return sqlite;
};

const logOf = async (store: EventStore): Promise<readonly StoredEvent[]> =>
  (await right(store.readAll({ after: null, limit: 100_000 }))).events;

/** Each stream as it is read by itself. */
const streamsOf = async (store: EventStore) => {
  const read = async (stream: string) => [stream, (await right(store.read({ stream }))).events] as const;
  return new Map(await Promise.all(streams.map(read)));
};

/** What a writer told, in pairs of lines; the last one's answer is missing if it was killed before. */
const operationsOf = (lines: readonly string[]): readonly Operation[] => {
  const said = lines.map((line) => JSON.parse(line));
  return said.flatMap(({ stream, ids, invokedAt }, i) => {
    if (stream === undefined) return [];
    const { version = null, endedAt = Number.POSITIVE_INFINITY } = said[i + 1] ?? {};
    return [
      { stream, ids, firstVersion: null, invokedAt, endedAt, version, outcome: version === null ? 'unknown' : 'ok' },
    ];
  });
};

const integrityOf = (file: string) => {
  const db = new DatabaseSync(file);
  const result = db.prepare('pragma integrity_check').all();
  db.close();
  return result.map((row) => row['integrity_check']);
};

describe('several processes on one file', { timeout: 240_000 }, () => {
  test('writers hinder each other, and lose nothing; a subscriber in another process hears it all', async () => {
    const file = await temporaryFile();
    const { store } = await open(file);
    const abort = new AbortController();
    const delivered: StoredEvent[] = [];
    const subscription = store.subscribe({ after: null, signal: abort.signal }, async (batch) => {
      delivered.push(...batch);
    })();

    const writers = ['one', 'two', 'three'].map((name) => spawned('writer.ts', file, name, '150', ...streams));
    for (const writer of writers) expect(await writer.ended()).toBe(0);

    const log = await logOf(store);
    await vi.waitFor(() => expect(delivered.length).toBe(log.length), patience);
    abort.abort();
    await subscription;
    const operations = writers.flatMap((writer) => operationsOf(writer.lines()));
    expect(operations.filter(({ outcome }) => outcome === 'ok').length).toBe(450);
    const history = { operations, log, streams: await streamsOf(store), delivered, observed: [] };
    expect(violations(history)).toEqual([]);
  });

  test('forty writers killed in mid-append: nothing acknowledged is lost, nothing is torn', async () => {
    const file = await temporaryFile();
    const operations: Operation[] = [];
    for (let round = 0; round < 10; round += 1) {
      const writers = ['one', 'two', 'three', 'four'].map((name) => {
        return spawned('writer.ts', file, name, '1000000', ...streams);
      });
      for (const [i, writer] of writers.entries()) {
        const enough = 8 + ((round * 7 + i * 5) % 13);
        await vi.waitFor(() => expect(writer.lines().length).toBeGreaterThan(enough), patience);
        await writer.kill();
      }
      operations.push(...writers.flatMap((writer) => operationsOf(writer.lines())));
      expect(integrityOf(file)).toEqual(['ok']);
    }

    const { store } = await open(file);
    const log = await logOf(store);
    expect(operations.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(40);
    const history = { operations, log, streams: await streamsOf(store), delivered: log, observed: [] };
    expect(violations(history)).toEqual([]);
  });

  test('a process that does nothing but wait for an event lives until it comes', async () => {
    const file = await temporaryFile();
    const { store } = await open(file);
    const waiting = spawned('waiting.ts', file);
    await waiting.said('waiting');
    await pause(200);
    const writer = spawned('writer.ts', file, 'one', '1', 'deployment-a');
    expect(await writer.ended()).toBe(0);
    await waiting.said('heard of deployment-a');
    expect(await waiting.ended()).toBe(0);
    expect((await logOf(store)).length).toBe(1);
  });

  test('those that open a new file at once find one and the same', async () => {
    const file = await temporaryFile();
    const files = Array.from({ length: 100 }, (_, n) => `${file}-${n}`);
    const openers = [1, 2, 3].map(() => spawned('opener.ts', ...files));
    for (const opener of openers) await opener.said('ready');
    for (const opener of openers) opener.tell('go');
    for (const opener of openers) expect(await opener.ended()).toBe(0);
    for (const name of files) expect(integrityOf(name)).toEqual(['ok']);
  });
});
