/** A disk that is full: a small one of our own, filled to the last byte. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DeploymentId, type NewEvent, type PortError } from '@recourse/core';
import { left, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeSmallDisk } from '../../../scripts/engines/small-disk.ts';
import { openSqliteStore, type SqliteStore } from '../src/index.ts';
import { pause, someEvent } from './sample.ts';
import { spawned } from './spawned.ts';

const stream = 'deployment-1';
const patience = { timeout: 30_000, interval: 5 };
const full = { kind: 'transient', code: 'store/unavailable', message: expect.stringContaining('the disk is full') };

const onSmallDisk = async () => {
  const disk = await makeSmallDisk({ kilobytes: 1024 });
  onTestFinished(() => disk.remove());
  const file = join(disk.folder, 'store.db');
  const open = async () => {
    const sqlite = await right(openSqliteStore({ file }));
    onTestFinished(() => sqlite.close());
    return sqlite;
  };
  return { disk, file, open };
};

/** Some take a page, some take more than the whole disk has left. */
const sized = (n: number): NewEvent => someEvent({ n, log: 'x'.repeat([10, 3_000, 30_000][n % 3] ?? 0) });

/** Appends one or more at a time, each where the last one went, until the disk takes no more. */
const appendUntilFull = async ({ store }: SqliteStore, kept: NewEvent[]): Promise<PortError> => {
  for (let n = 0; n < 2_000; n += 1) {
    const batch: [NewEvent, ...NewEvent[]] = [sized(n), ...Array.from({ length: n % 4 }, () => sized(n + 1))];
    const expected = kept.length === 0 ? 'no-stream' : kept.length - 1;
    const appended = await store.append({ stream, expected, events: batch })();
    if (appended._tag === 'Left') return appended.left;
    kept.push(...batch);
  }
  throw new Error('the disk was never full');
};

const readAll = async ({ store }: SqliteStore): Promise<readonly NewEvent[]> => {
  const read = await right(store.read({ stream }));
  expect(read.events.map(({ version }) => version)).toEqual(read.events.map((_, at) => at));
  return read.events.map(({ id, type, schemaVersion, data, metadata }) => ({
    id,
    type,
    schemaVersion,
    data,
    metadata,
  }));
};

const integrityOf = async (file: string, disk: string) => {
  const db = new DatabaseSync(file);
  const [row] = db.prepare('pragma integrity_check').all();
  db.close();
  return `${disk}: ${row?.['integrity_check']}`;
};

describe('a disk that is full', { timeout: 60_000 }, () => {
  test.each([0, 4_096, 20_480, 65_536, 262_144])(
    'with %d bytes left takes whole appends or none, loses none that it took, and goes on when there is room',
    async (butBytes) => {
      const { disk, file, open } = await onSmallDisk();
      const sqlite = await open();
      const kept: NewEvent[] = [];
      for (let round = 0; round < 3; round += 1) {
        await right(sqlite.store.append({ stream: `other-${round}`, expected: 'no-stream', events: [someEvent()] }));
        await disk.fill({ butBytes });
        expect(await appendUntilFull(sqlite, kept)).toMatchObject(full);
        expect(await readAll(sqlite)).toEqual(kept);
        expect(await integrityOf(file, 'full')).toBe('full: ok');
        await disk.free();
        const one = someEvent({ round });
        const expected = kept.length === 0 ? 'no-stream' : kept.length - 1;
        await right(sqlite.store.append({ stream, expected, events: [one] }));
        kept.push(one);
        expect(await readAll(sqlite)).toEqual(kept);
      }
      expect((await right(sqlite.store.readAll({ after: null, limit: 100_000 }))).events.length).toBe(kept.length + 3);
    },
  );

  test('keeps every wake-up that it took: they are handled when there is room, as are those that failed meanwhile', async () => {
    const { disk, open } = await onSmallDisk();
    const sqlite = await open();
    const wakeUp = (name: string) => ({ v: 1, deploymentId: DeploymentId.parse(name) }) as const;
    await right(sqlite.queue.enqueue(wakeUp('d-before')));
    await disk.fill();
    await appendUntilFull(sqlite, []);
    const error = await left(sqlite.queue.enqueue(wakeUp('d-refused')));
    expect(error).toMatchObject({ ...full, code: 'queue/unavailable' });

    const handled: unknown[] = [];
    const abort = new AbortController();
    const consuming = sqlite.queue.consume({ concurrency: 1, signal: abort.signal }, async (message) => {
      handled.push(message);
    })();
    // Handing it over without being able to write that down would let another process do the same.
    await pause(700);
    expect(handled).toEqual([]);
    await disk.free();
    await vi.waitFor(() => expect(handled).toEqual([wakeUp('d-before')]), patience);
    await right(sqlite.queue.enqueue(wakeUp('d-after')));
    await vi.waitFor(() => expect(handled).toEqual([wakeUp('d-before'), wakeUp('d-after')]), patience);
    abort.abort();
    expect(await consuming).toEqual({ _tag: 'Right', right: undefined });
  });

  test('brings back a message whose end could not be written down', async () => {
    const { disk, open } = await onSmallDisk();
    const sqlite = await open();
    await right(sqlite.queue.enqueue({ v: 1, deploymentId: DeploymentId.parse('d-1') }));
    let handled = 0;
    const abort = new AbortController();
    const consuming = sqlite.queue.consume({ concurrency: 1, signal: abort.signal }, async () => {
      handled += 1;
      if (handled > 1) return;
      await disk.fill();
      await appendUntilFull(sqlite, []);
    })();
    await vi.waitFor(() => expect(handled).toBe(1), patience);
    await pause(300);
    await disk.free();
    await vi.waitFor(() => expect(handled).toBe(2), patience);
    abort.abort();
    expect(await consuming).toEqual({ _tag: 'Right', right: undefined });
  });

  test('keeps the snapshot that it has', async () => {
    const { disk, open } = await onSmallDisk();
    const sqlite = await open();
    const older = { version: 1, schema: 1, state: 'x'.repeat(100) };
    await right(sqlite.snapshots.save('k', older));
    await disk.fill();
    await appendUntilFull(sqlite, []);
    const newer = { version: 2, schema: 1, state: 'y'.repeat(100_000) };
    expect(await left(sqlite.snapshots.save('k', newer))).toMatchObject(full);
    expect(await right(sqlite.snapshots.load('k'))).toEqual(older);
    await disk.free();
    await right(sqlite.snapshots.save('k', newer));
    expect(await right(sqlite.snapshots.load('k'))).toEqual(newer);
  });

  test('holds what was acknowledged by a process that was killed on it', async () => {
    const { disk, file, open } = await onSmallDisk();
    const writer = spawned('writer.ts', file, 'one', '1000000', stream);
    const said = () => writer.lines().map((line) => JSON.parse(line));
    await vi.waitFor(() => expect(said().length).toBeGreaterThan(20), patience);
    await disk.fill();
    await vi.waitFor(
      () => expect(said().filter(({ version }) => version === null).length).toBeGreaterThan(3),
      patience,
    );
    await writer.kill();
    const lines = said();
    const acknowledged = lines.flatMap(({ ids }, at) => (typeof lines[at + 1]?.version === 'number' ? ids : []));
    expect(acknowledged.length).toBeGreaterThan(20);

    await disk.free();
    const sqlite = await open();
    const found = (await readAll(sqlite)).map(({ id }) => id);
    expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(await integrityOf(file, 'freed')).toBe('freed: ok');
    await right(sqlite.store.append({ stream, expected: found.length - 1, events: [someEvent()] }));
  });

  test('opens no new store on it, says why, and opens it when there is room', async () => {
    const { disk, file, open } = await onSmallDisk();
    await disk.fill();
    expect(await left(openSqliteStore({ file }))).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
    await disk.free();
    expect(await right((await open()).store.head())).toBeNull();
  });
});
