/** Load, decide, append, and what happens when the store is away or somebody else was first. */
import {
  DeploymentId,
  ENVIRONMENT_SCHEMA,
  type EventStore,
  environmentStream,
  Instant,
  initialEnvironment,
  type Snapshots,
} from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { shop } from './support/orders.ts';
import { openWorld, permanent, transient } from './support/world.ts';

const cause = { actor: 'ada', correlationId: 'c-1', causationId: 'c-0' };
const standInLine = (name: string) =>
  ({ type: 'StandInLine', deployment: DeploymentId.parse(name), kind: 'deploy', automatic: false }) as const;
const away = transient('store/unavailable');
const wrongVersion = TE.left({
  kind: 'permanent',
  code: 'store/wrong-expected-version',
  message: 'Somebody was first.',
  stream: environmentStream(shop),
  expected: 'no-stream',
  actual: 0,
} as const);

/** A real store, before which `hands` may answer. Pauses are kept, and take no time. */
const opened = async (
  hands: {
    append?: (nth: number) => ReturnType<EventStore['append']> | undefined;
    read?: (nth: number) => typeof away | undefined;
  } = {},
  snapshots: Partial<Snapshots> = {},
) => {
  const { options } = await openWorld();
  const pauses: number[] = [];
  const asked = { append: 0, read: 0 };
  const froms: (number | undefined)[] = [];
  const store: EventStore = {
    ...options.store,
    append: (request) => hands.append?.(++asked.append) ?? options.store.append(request),
    read: (request) => {
      froms.push(request.from);
      return hands.read?.(++asked.read) ?? options.store.read(request);
    },
  };
  const clock = { now: () => Instant.parse(7), sleep: async (ms: number) => void pauses.push(ms) };
  /** As a process has it that remembers nothing. */
  const anew = () => createJournal({ ...options, store, clock, snapshots: { ...options.snapshots, ...snapshots } });
  const journal = anew();
  const line = async (...names: readonly string[]) => {
    for (const name of names) await journal.decideEnvironment(shop, standInLine(name), cause);
  };
  return { journal, anew, options, pauses, asked, froms, line };
};
const waitingIn = ({ state }: { state: { waiting: readonly { deployment: string }[] } }) =>
  state.waiting.map(({ deployment }) => deployment);
const pausesOfOneGivenUp = [40, 80, 160, 320, 640];

describe('what is decided', () => {
  test('is appended with who asked, when, and what led to it', async () => {
    const { journal, options, line } = await opened();
    await line('d-1');
    const read = await options.store.read({ stream: environmentStream(shop) })();
    expect(read).toMatchObject({
      right: { version: 0, events: [{ type: 'SlotRequested', metadata: { recordedAt: 7, ...cause } }] },
    });
    expect(await journal.environment(shop)).toMatchObject({ version: 0, state: { waiting: [{ deployment: 'd-1' }] } });
  });

  test('is decided again when somebody else was first', async () => {
    const { journal, options, line } = await opened({ append: (nth) => (nth === 2 ? wrongVersion : undefined) });
    await line('d-1', 'd-2');
    expect(waitingIn(await journal.environment(shop))).toEqual(['d-1', 'd-2']);
    expect(await options.store.read({ stream: environmentStream(shop) })()).toMatchObject({ right: { version: 1 } });
  });

  test('is given up when others are first again and again', async () => {
    const { line, asked, pauses } = await opened({ append: () => wrongVersion });
    await expect(line('d-1')).rejects.toMatchObject({
      name: 'Fault',
      kind: 'transient',
      code: 'store/contended',
      message: 'Stream environment-shop was changed by others 200 times in a row. Try again.',
    });
    expect([asked.append, pauses]).toEqual([200, []]);
  });

  test('is decided again after a pause when the store is away', async () => {
    const { journal, line, pauses } = await opened({ append: (nth) => (nth < 6 ? away : undefined) });
    await line('d-1');
    expect(waitingIn(await journal.environment(shop))).toEqual(['d-1']);
    expect(pauses).toEqual(pausesOfOneGivenUp);
  });

  test('is a fault when the store stays away, or says no', async () => {
    const staying = await opened({ append: () => away });
    await expect(staying.line('d-1')).rejects.toMatchObject({ code: 'store/unavailable' });
    expect([staying.asked.append, staying.pauses]).toEqual([6, pausesOfOneGivenUp]);
    const refusing = await opened({ append: () => permanent('store/too-large') });
    await expect(refusing.line('d-1')).rejects.toMatchObject({ code: 'store/too-large' });
    expect(refusing.asked.append).toBe(1);
  });
});

describe('what is read', () => {
  test('is asked for again while the store is away', async () => {
    const { journal, pauses } = await opened({ read: (nth) => (nth < 6 ? away : undefined) });
    expect((await journal.environment(shop)).version).toBe(-1);
    expect(pauses).toEqual(pausesOfOneGivenUp);
  });

  test('is a fault when the store stays away, or says no', async () => {
    const staying = await opened({ read: () => away });
    await expect(staying.journal.environment(shop)).rejects.toMatchObject({ code: 'store/unavailable' });
    expect(staying.asked.read).toBe(6);
    const refusing = await opened({ read: () => permanent('store/unavailable') });
    await expect(refusing.journal.environment(shop)).rejects.toMatchObject({ kind: 'permanent' });
    expect(refusing.asked.read).toBe(1);
  });

  test('is a fault if it cannot be understood', async () => {
    const { journal, options } = await opened();
    const metadata = { recordedAt: Instant.parse(1), ...cause };
    const paused = { id: 'e-1', type: 'Paused', schemaVersion: 1, data: null, metadata };
    await options.store.append({ stream: environmentStream(shop), expected: 'any', events: [paused] })();
    await expect(journal.environment(shop)).rejects.toMatchObject({ code: 'events/newer', kind: 'permanent' });
  });
});

describe('a snapshot', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `d-${at}`);

  test('bounds what is read of an environment', async () => {
    const { anew, line, froms, options } = await opened();
    await line(...names(32));
    expect(await options.snapshots.load(environmentStream(shop))()).toMatchObject({ right: { version: 0 } });
    await line('d-32', 'd-33');
    expect(await options.snapshots.load(environmentStream(shop))()).toMatchObject({
      right: { version: 32, schema: ENVIRONMENT_SCHEMA },
    });
    expect(waitingIn(await anew().environment(shop))).toEqual(names(34));
    expect(froms.at(-1)).toBe(33);
  });

  test.each<[string, Snapshots['load']]>([
    ['cannot be loaded', () => transient('store/unavailable')],
    [
      'is of another schema',
      () => TE.right({ version: 0, schema: ENVIRONMENT_SCHEMA + 1, state: { ...initialEnvironment } }),
    ],
    ['is not what it says', () => TE.right({ version: 32, schema: ENVIRONMENT_SCHEMA, state: { waiting: 7 } })],
  ])('that %s costs time, and changes nothing', async (_, load) => {
    const { anew, line, froms } = await opened({}, { load });
    await line('d-1', 'd-2');
    expect(waitingIn(await anew().environment(shop))).toEqual(['d-1', 'd-2']);
    expect(froms.at(-1)).toBe(0);
  });

  test('that cannot be saved is no failure', async () => {
    const { journal, line } = await opened({}, { save: () => transient('store/unavailable') });
    await line(...names(34));
    expect(waitingIn(await journal.environment(shop))).toHaveLength(34);
  });
});
