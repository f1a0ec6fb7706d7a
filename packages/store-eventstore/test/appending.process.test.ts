/** What the suite cannot ask for: a server, or the way to it, that fails at a bad moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import { isWrongExpectedVersion, type NewEvent } from '@recourse/core';
import { left, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from './double/faults.ts';
import { append, doubled, foreign, someEvent } from './doubled.ts';

const unavailable = { kind: 'transient', code: 'store/unavailable' };
const stream = 'deployment-1';
const ids = (events: readonly Readonly<{ id: string }>[]) => events.map(({ id }) => id);

describe('an append whose answer is lost', () => {
  test.each<[Fault, 'any' | 'no-stream', boolean]>([
    ['cut-after', 'no-stream', true],
    ['cut-after', 'any', true],
    ['cut-before', 'no-stream', false],
    ['cut-before', 'any', false],
  ])('%s, expecting %s: asked again it is there once (found: %s)', async (fault, expected, deduplicated) => {
    const { double, store } = await doubled();
    const request = { stream, expected, events: [someEvent(1), someEvent(2)] } as const;
    double.faults.append.push(fault);
    expect(await left(store.append(request))).toMatchObject(unavailable);

    const again = await right(store.append(request));

    const { events } = await right(store.read({ stream }));
    expect(ids(events)).toEqual(ids(request.events));
    expect(again).toEqual({ version: 1, position: events[1]?.position, deduplicated });
  });

  test('one that is never answered is given up in time, and holds up nothing', async () => {
    const { double, store } = await doubled({ timeoutMs: 600 });
    double.faults.append.push('hang');
    expect(await left(store.append({ stream, expected: 'no-stream', events: [someEvent()] }))).toMatchObject(
      unavailable,
    );
    expect(await append(store, stream, someEvent())).toMatchObject({ version: 0 });
  });

  test('so is a read', async () => {
    const { double, store, close } = await doubled({ timeoutMs: 600 });
    await append(store, stream, someEvent());
    double.faults.read.push('hang', 'hang');
    expect(await left(store.read({ stream }))).toMatchObject(unavailable);
    expect(await left(store.head())).toMatchObject(unavailable);
    expect(await right(store.read({ stream }))).toMatchObject({ version: 0 });
    await close();
    expect(await left(store.read({ stream }))).toMatchObject(unavailable);
  });

  test('a connection that forwards nothing any more is noticed', async () => {
    const { double, store } = await doubled({ timeoutMs: 600 });
    double.way.stall();
    expect(await left(store.append({ stream, expected: 'any', events: [someEvent()] }))).toMatchObject(unavailable);
    double.way.flow();
    expect(await append(store, stream, someEvent())).toMatchObject({ deduplicated: false });
  });
});

describe('a server that is not ready', () => {
  test('is asked once more when it was not the leader', async () => {
    const { double, store } = await doubled();
    double.faults.append.push('not-leader');
    double.faults.read.push('not-leader');
    expect(await right(store.append({ stream, expected: 'no-stream', events: [someEvent()] }))).toMatchObject({
      version: 0,
    });
    double.faults.read.push('not-leader', 'not-leader');
    expect(await left(store.read({ stream }))).toMatchObject(unavailable);
  });

  test('is asked again when its commit timed out, which is how it treats a repetition that it is still copying', async () => {
    const { double, store } = await doubled();
    double.faults.append.push('commit-timeout', 'commit-timeout');
    const request = { stream, expected: 'no-stream', events: [someEvent()] } as const;
    expect(await right(store.append(request))).toMatchObject({ version: 0, deduplicated: false });
    double.faults.append.push('commit-timeout', 'commit-timeout', 'commit-timeout');
    expect(await left(store.append({ ...request, expected: 0, events: [someEvent()] }))).toMatchObject(unavailable);
  });

  test.each(['no-stream', 'any'] as const)(
    'while it copies, equal appends that expect %s are one',
    async (expected) => {
      const { store, openOne } = await doubled({ replicationMs: 30 });
      const other = await openOne();
      const request = { stream, expected, events: [someEvent(1), someEvent(2)] } as const;
      const sent = Array.from({ length: 8 }, (_, i) => right((i % 2 ? store : other.store).append(request)));
      const answers = await Promise.all(sent);
      const { events } = await right(store.read({ stream }));
      expect(ids(events)).toEqual(ids(request.events));
      expect(answers.filter(({ deduplicated }) => !deduplicated).length).toBe(1);
      expect(new Set(answers.map(({ position }) => position))).toEqual(new Set([events[1]?.position]));
    },
  );

  test.each([
    ['denied', 'store/access-denied'],
    ['busy', 'store/unavailable'],
  ] as const)('%s is %s', async (fault, code) => {
    const { double, store } = await doubled();
    double.faults.append.push(fault);
    expect(await left(store.append({ stream, expected: 'no-stream', events: [someEvent()] }))).toMatchObject({ code });
    double.faults.read.push(fault);
    expect(await left(store.read({ stream }))).toMatchObject({ code });
  });
});

describe('what the server forgot', () => {
  test('an append that expects anything is found again after a restart, behind others', async () => {
    const { double, store } = await doubled();
    const events = [someEvent('a'), someEvent('b')] as const;
    const first = await append(store, stream, ...events);
    for (let n = 0; n < 5; n += 1) await append(store, stream, someEvent(n));
    double.log.forgetIds();
    for (const expected of ['any', 'stream-exists'] as const) {
      expect(await right(store.append({ stream, expected, events }))).toEqual({ ...first, deduplicated: true });
      const mixed = store.append({ stream, expected, events: [events[1], someEvent('x')] });
      expect(await left(mixed)).toMatchObject({ code: 'store/wrong-expected-version', actual: 6 });
    }
  });

  test('nor does it matter that it remembers next to nothing', async () => {
    const { store } = await doubled({ recentIds: 1 });
    const events = [someEvent('a'), someEvent('b')] as const;
    const first = await append(store, stream, ...events);
    expect(await append(store, stream, ...events)).toEqual({ ...first, deduplicated: true });
  });
});

describe('what the server says of a stream', () => {
  test.each(['message', 'failure'] as const)(
    'a refusal by %s tells the version, and none if there is none',
    async (refusals) => {
      const { store } = await doubled({ refusals });
      const refusedAt = async (expected: 'no-stream' | 'stream-exists' | number) => {
        const error = await left(store.append({ stream, expected, events: [someEvent()] }));
        return isWrongExpectedVersion(error) ? error.actual : error;
      };
      expect([await refusedAt(0), await refusedAt('stream-exists'), await refusedAt(-1)]).toEqual([null, null, null]);
      await append(store, stream, someEvent(), someEvent());
      expect([await refusedAt('no-stream'), await refusedAt(0), await refusedAt(9), await refusedAt(1.5)]).toEqual([
        1, 1, 1, 1,
      ]);
    },
  );

  test('so does a client that was told not to throw', async () => {
    const { double, openOne } = await doubled();
    const { store } = await openOne({ server: `${double.connectionString}&throwOnAppendFailure=false` });
    await append(store, stream, someEvent(), someEvent());
    const error = await left(store.append({ stream, expected: 'no-stream', events: [someEvent()] }));
    expect(error).toMatchObject({ code: 'store/wrong-expected-version', actual: 1 });
  });

  test('one that was deleted for ever is told apart from one that is not there', async () => {
    const { double, store } = await doubled();
    await append(store, stream, someEvent());
    double.log.tombstone(`recourse.${stream}`);
    const deleted = { kind: 'permanent', code: 'store/stream-deleted' };
    expect(await left(store.read({ stream }))).toMatchObject(deleted);
    expect(await left(store.append({ stream, expected: 0, events: [someEvent()] }))).toMatchObject(deleted);
  });

  test('one that was only deleted is not there, and goes on with its numbers', async () => {
    const { double, store } = await doubled();
    await append(store, stream, someEvent(), someEvent());
    double.log.remove(`recourse.${stream}`);
    expect(await right(store.read({ stream }))).toEqual({ version: null, events: [] });
    expect(await append(store, stream, someEvent())).toMatchObject({ version: 2, deduplicated: false });
  });

  test('more at once than it takes is too large, and nothing is written', async () => {
    const { double, store } = await doubled();
    const events = [someEvent('x'.repeat(700_000)), someEvent('y'.repeat(700_000))] as const;
    const error = await left(store.append({ stream, expected: 'no-stream', events }));
    expect(error).toMatchObject({ kind: 'permanent', code: 'store/too-large' });
    expect(error.message).toContain('1048576');
    expect(double.log.records).toEqual([]);
  });

  test('what nobody of us wrote is damage, and not left out', async () => {
    const { double, store } = await doubled();
    await append(store, stream, someEvent());
    double.plant(`recourse.${stream}`, foreign());
    double.plant('recourse.deployment-2', foreign('not {json'));
    const corrupt = { kind: 'permanent', code: 'store/corrupt' };
    expect(await left(store.read({ stream }))).toMatchObject(corrupt);
    expect(await left(store.read({ stream: 'deployment-2' }))).toMatchObject(corrupt);
    expect(await left(store.readAll({ after: null, limit: 10 }))).toMatchObject(corrupt);
    const { signal } = new AbortController();
    expect(await left(store.subscribe({ after: null, signal }, async () => {}))).toMatchObject(corrupt);
  });
});

describe('what is sent', () => {
  const strange = [
    '1',
    '',
    'ffffffff-0000',
    'A6A4D9C5-33D0-4A8F-9E57-2A0E1B4C7F10',
    '00000000-0000-0000-0000-000000000000',
    'ñ/👩‍👩‍👧',
    'x'.repeat(255),
  ];

  test('ids of any kind come back as they are, and are known again', async () => {
    const { double, store } = await doubled();
    const events = strange.filter((id) => id !== '').map((id) => someEvent(null, id));
    const [first = someEvent(), ...rest] = events;
    const appended = await append(store, stream, first, ...rest);
    expect(ids((await right(store.read({ stream }))).events)).toEqual(ids(events));
    for (const expected of ['any', 'no-stream'] as const) {
      const again = store.append({ stream, expected, events: [first, ...rest] });
      expect(await right(again)).toEqual({ ...appended, deduplicated: true });
    }
    expect(new Set(double.log.records.map(({ id }) => id)).size).toBe(events.length);
  });

  test('data is plain JSON for whoever reads the server, with the correlation where it looks for it', async () => {
    const { double, store } = await doubled();
    await append(store, stream, { ...someEvent({ b: [1, null], a: 'é' }, 'e-1'), schemaVersion: 3 });
    const [record] = double.log.records;
    expect([record?.stream, record?.type, record?.contentType]).toEqual([
      'recourse.deployment-1',
      'StepStarted',
      'application/json',
    ]);
    expect(Buffer.from(record?.data ?? []).toString()).toBe('{"b":[1,null],"a":"é"}');
    expect(JSON.parse(Buffer.from(record?.metadata ?? []).toString())).toEqual({
      $correlationId: 'c-1',
      $causationId: 'k-1',
      id: 'e-1',
      schemaVersion: 3,
      append: expect.stringMatching(/^[0-9a-f-]{36}$/),
      metadata: { recordedAt: 7, actor: 'ada', correlationId: 'c-1', causationId: 'k-1' },
    });
  });

  test('is what was checked, whatever becomes of it meanwhile', async () => {
    const { store } = await doubled();
    const data = { step: 'build' };
    const appending = append(store, stream, someEvent(data));
    data.step = 'changed\0';
    await appending;
    expect((await right(store.read({ stream }))).events[0]?.data).toEqual({ step: 'build' });
  });
});

describe('many at once', () => {
  test('three hundred appends wait for their turn, each in a call of its own', async () => {
    const { double, store } = await doubled();
    const appends = Array.from({ length: 300 }, (_, n) => append(store, `deployment-${n}`, someEvent(n)));
    expect((await Promise.all(appends)).every(({ version }) => version === 0)).toBe(true);
    expect(double.ways).toEqual({ unary: 300, batch: 0 });
  });

  test('while connections drop, nothing is lost, doubled or left to end the process', { timeout: 60_000 }, async () => {
    const { double, store, openOne } = await doubled();
    const other = await openOne();
    let cuts = 0;
    const cutting = setInterval(() => (cuts++ < 8 ? double.way.cut() : clearInterval(cutting)), 150);
    onTestFinished(() => clearInterval(cutting));
    let lost = 0;
    const untilDone = async (event: NewEvent, n: number) => {
      const target = { stream: `deployment-${n % 4}`, expected: 'any', events: [event] } as const;
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const outcome = await (n % 2 ? store : other.store).append(target)();
        if (outcome._tag === 'Right') return;
        expect(outcome.left).toMatchObject(unavailable);
        lost += 1;
        await sleep(20);
      }
      throw new Error('never done');
    };
    const events = Array.from({ length: 40 }, (_, n) => someEvent(['x'.repeat(n * 500)]));
    await Promise.all(events.map(untilDone));
    expect(lost, 'a run in which nothing was lost proves nothing').toBeGreaterThan(0);
    expect(ids(double.log.records).sort()).toEqual(ids(events).sort());
  });

  test('a client without credentials appends all in one call, and works', async () => {
    const { double, openOne } = await doubled();
    const client = EventStoreDBClient.connectionString(double.connectionString);
    onTestFinished(() => client.dispose());
    const { store, close } = await openOne({ server: { client } });
    await append(store, stream, someEvent());
    expect(await left(store.append({ stream, expected: 'no-stream', events: [someEvent()] }))).toMatchObject({
      actual: 0,
    });
    expect(double.ways).toEqual({ unary: 0, batch: 1 });
    await close();
    const theirs = client.readStream('recourse.deployment-1');
    let read = 0;
    for await (const { event } of theirs) if (event !== undefined) read += 1;
    expect(read, 'a client that was given is not closed').toBe(1);
  });
});
