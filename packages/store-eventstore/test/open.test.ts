import type { EventStoreDBClient } from '@eventstore/db-client';
import { left, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { credentialsIn } from '../src/credentials.ts';
import { serverIdOf } from '../src/event-id.ts';
import { failure, typedError } from '../src/failure.ts';
import { type EventStoreClient, openEventStoreDB } from '../src/index.ts';
import { startDouble } from './double/server-double.ts';
import { doubled, foreign } from './doubled.ts';

describe('opening', () => {
  test('a connection string that cannot be read is refused, and what is secret in it is not told', async () => {
    const error = await left(openEventStoreDB({ server: 'esdb://admin:hush hush@@?x' }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/invalid-connection' });
    expect(JSON.stringify([error, String(error.cause)])).not.toContain('hush');
  });

  test.each(['', '$all', '.x', 'a b', 'ñ', 'a\n', 'x'.repeat(101)])('%j cannot begin names', async (prefix) => {
    const error = await left(openEventStoreDB({ server: 'esdb://localhost?tls=false', prefix }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/invalid-prefix' });
  });

  test('a server that does not answer, or refuses, is told at once', async () => {
    const double = await startDouble();
    onTestFinished(double.stop);
    const open = openEventStoreDB({ server: double.connectionString, timeoutMs: 600 });
    double.faults.read.push('denied');
    expect(await left(open)).toMatchObject({ kind: 'permanent', code: 'store/access-denied' });
    double.faults.read.push('hang');
    expect(await left(open)).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
    await double.way.refuse();
    expect(await left(open)).toMatchObject({ kind: 'transient', code: 'store/unavailable' });
  });

  test('both clients fit, by their shape', () => {
    // Fails to compile if it does not. KurrentDBClient 1.3.1 declares these; here without adding the dependency.
    const shapes = (eventStoreDB: EventStoreDBClient, kurrentDB: KurrentShape): readonly EventStoreClient[] => [
      eventStoreDB,
      kurrentDB,
    ];
    expect(shapes).toBeTypeOf('function');
  });
});

/** As @kurrent/kurrentdb-client 1.3.1 declares it: other words for what is expected, and reads that are generators. */
interface KurrentShape {
  appendToStream(
    streamName: string,
    events: KurrentEvent | KurrentEvent[],
    options?: { streamState?: 'any' | 'no_stream' | 'stream_exists' | bigint; credentials?: KurrentCredentials },
  ): Promise<{ success: boolean; nextExpectedRevision: bigint; position?: KurrentPosition }>;
  readStream(
    streamName: string,
    options?: { fromRevision?: 'start' | 'end' | bigint },
  ): AsyncIterableIterator<KurrentResolved>;
  readAll(options?: {
    fromPosition?: 'start' | 'end' | KurrentPosition;
    filter?: KurrentFilter;
  }): AsyncIterableIterator<KurrentResolved>;
  subscribeToAll(options?: {
    fromPosition?: 'start' | 'end' | KurrentPosition;
    filter?: KurrentFilter;
  }): KurrentSubscription;
  setStreamMetadata(
    streamName: string,
    metadata: { maxCount?: number },
    options?: { streamState?: 'any' | 'no_stream' | 'stream_exists' | bigint },
  ): Promise<{ success: boolean }>;
  dispose(): Promise<void>;
}
type KurrentPosition = { commit: bigint; prepare: bigint };
type KurrentCredentials = { username: string; password: string };
type KurrentJson = Record<string | number, unknown> | unknown[] | string;
type KurrentEvent =
  | {
      id: string;
      contentType: 'application/json';
      type: string;
      data: KurrentJson;
      metadata: KurrentJson | Uint8Array | undefined;
    }
  | {
      id: string;
      contentType: 'application/octet-stream';
      type: string;
      data: Uint8Array;
      metadata: KurrentJson | Uint8Array | undefined;
    };
type KurrentResolved = {
  event?: {
    streamId: string;
    id: string;
    isJson: boolean;
    revision: bigint;
    type: string;
    created: Date;
    data: unknown;
    metadata: unknown;
    position?: KurrentPosition;
  };
  commitPosition?: bigint;
};
type KurrentFilter = {
  filterOn: 'eventType' | 'streamName';
  checkpointInterval: number;
  checkpointReached?: (subscription: KurrentSubscription, position: KurrentPosition) => Promise<void> | void;
  regex: string;
};
interface KurrentSubscription {
  read(): KurrentResolved | null;
  push(chunk: unknown): boolean;
  on(event: 'confirmation' | 'end' | 'readable', listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: string | symbol, listener: (...parameters: unknown[]) => void): this;
  destroy(): this;
  unsubscribe(): Promise<void>;
}

describe('credentials', () => {
  test.each([
    ['esdb://admin:changeit@localhost:2113', { username: 'admin', password: 'changeit' }],
    ['esdb+discover://a%40b:p%3Aw%2F@one,two?tls=true', { username: 'a@b', password: 'p:w/' }],
    ['esdb://localhost:2113?tls=false', { username: 'anybody', password: '' }],
    ['esdb://localhost:2113?tls=true&connectionName=x', undefined],
    ['esdb://localhost:2113', undefined],
  ])('in %s', (connectionString, credentials) => {
    expect(credentialsIn(connectionString)).toEqual(credentials);
  });
});

describe('ids of events', () => {
  test('are derived for ever in the same way', () => {
    expect(serverIdOf('one')).toBe('8acc21e2-75d6-5545-bfb7-932be6a570b3');
    expect(serverIdOf('6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b')).toBe('6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b');
  });
});

describe('what the client says', () => {
  test.each([
    ['access-denied', 'permanent', 'store/access-denied'],
    ['stream-deleted', 'permanent', 'store/stream-deleted'],
    ['stream-tombstoned', 'permanent', 'store/stream-deleted'],
    ['maximum-append-size-exceeded', 'permanent', 'store/too-large'],
    ['transaction-max-size-exceeded', 'permanent', 'store/too-large'],
    ['append-record-size-exceeded', 'permanent', 'store/too-large'],
    ['server-too-old', 'permanent', 'store/unsupported-server'],
    ['unavailable', 'transient', 'store/unavailable'],
    ['cancelled', 'transient', 'store/unavailable'],
    ['deadline-exceeded', 'transient', 'store/unavailable'],
    ['timeout', 'transient', 'store/unavailable'],
    ['not-leader', 'transient', 'store/unavailable'],
    ['something-new', 'transient', 'store/unavailable'],
  ])('%s is %s %s', (type, kind, code) => {
    const error = failure('append to deployment-1', typedError(type, ''));
    expect(error).toMatchObject({ kind, code });
    expect(error.message).toMatch(/^Cannot append to deployment-1: .{10,}\.$/);
  });
});

describe('snapshots', () => {
  test('are streams of which the server keeps the last event', async () => {
    const { double, snapshots } = await doubled();
    for (let version = 0; version < 70; version += 1) {
      await right(snapshots.save('environment-1', { version, schema: 1, state: { version } }));
    }
    expect(double.log.stream('recourse.$snapshot-environment-1')?.map(({ revision }) => revision)).toEqual([69]);
    const metadata = double.log
      .stream('$$recourse.$snapshot-environment-1')
      ?.map(({ data }) => Buffer.from(data).toString());
    expect(metadata).toEqual(['{"$maxCount":1}']);
  });

  test('what is none is damage; what is too large for the server is told', async () => {
    const { double, snapshots } = await doubled();
    double.plant('recourse.$snapshot-k', foreign('[]'));
    expect(await left(snapshots.load('k'))).toMatchObject({ kind: 'permanent', code: 'store/corrupt' });
    const large = snapshots.save('k', { version: 1, schema: 1, state: 'x'.repeat(2_000_000) });
    expect(await left(large)).toMatchObject({ kind: 'permanent', code: 'store/too-large' });
  });
});
