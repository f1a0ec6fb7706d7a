import type { EventStore } from '@recourse/core';
import { DeploymentId, EnvironmentId } from '@recourse/core';
import { expect, test } from 'vitest';
import { createJournal } from '../src/journal.ts';
import { createRecentStates } from '../src/recent-states.ts';
import { openWorld } from './support/world.ts';

const shop = EnvironmentId.parse('shop');
const cause = { actor: 'ada', correlationId: 'c', causationId: 'c' };
const standInLine = (id: string) =>
  ({ type: 'StandInLine', deployment: DeploymentId.parse(id), kind: 'deploy', automatic: false }) as const;

/** A journal on a store that tells how much was read of it. */
const watchedJournal = async () => {
  const { options } = await openWorld();
  const read: number[] = [];
  const store: EventStore = {
    ...options.store,
    read: (request) => async () => {
      const page = await options.store.read(request)();
      if (page._tag === 'Right') read.push(page.right.events.length);
      return page;
    },
  };
  return { journal: createJournal({ ...options, store }), options, read };
};

test('what was read once is not read again, and what somebody else appended is', async () => {
  const { journal, options, read } = await watchedJournal();
  for (const id of ['a', 'b', 'c']) await journal.decideEnvironment(shop, standInLine(id), cause);
  await createJournal(options).decideEnvironment(shop, standInLine('d'), cause);
  read.splice(0);
  expect((await journal.environment(shop)).state.waiting.map(({ deployment }) => deployment)).toEqual([
    ...['a', 'b', 'c', 'd'],
  ]);
  expect(await journal.environment(shop)).toMatchObject({ version: 3 });
  expect(read).toEqual([1, 0]);
});

test('a store that was set back to a backup is read from its beginning', async () => {
  const { options } = await openWorld();
  const backup = (await openWorld()).options.store;
  let current = options.store;
  const store: EventStore = { ...options.store, read: (request) => current.read(request) };
  const journal = createJournal({ ...options, store });
  for (const id of ['a', 'b']) await journal.decideEnvironment(shop, standInLine(id), cause);
  await createJournal({ ...options, store: backup }).decideEnvironment(shop, standInLine('z'), cause);

  current = backup;
  const { state, version } = await journal.environment(shop);
  expect(state.waiting.map(({ deployment }) => deployment)).toEqual(['z']);
  expect(version).toBe(0);

  await createJournal({ ...options, store: backup }).decideEnvironment(shop, standInLine('y'), cause);
  const { state: later } = await journal.environment(shop);
  expect(later.waiting.map(({ deployment }) => deployment)).toEqual(['z', 'y']);
});

test('of two reads that overtake each other the one that saw more is kept', () => {
  const states = createRecentStates<string>(10);
  states.remember('s', { state: 'later', version: 5 });
  states.remember('s', { state: 'earlier', version: 3 });
  expect(states.of('s')).toEqual({ state: 'later', version: 5 });
});

test('only the streams that were used last are remembered', () => {
  const states = createRecentStates<string>(2);
  for (const stream of ['a', 'b', 'a', 'c']) states.remember(stream, { state: stream, version: 0 });
  expect(['a', 'b', 'c'].map((stream) => states.of(stream)?.state)).toEqual(['a', undefined, 'c']);
});

test('what was forgotten gives way to less than was known of it', () => {
  const states = createRecentStates<string>(2);
  states.remember('s', { state: 'of another history', version: 5 });
  states.forget('s');
  expect(states.of('s')).toBeUndefined();
  states.remember('s', { state: 'set back', version: 3 });
  expect(states.of('s')).toEqual({ state: 'set back', version: 3 });
});
