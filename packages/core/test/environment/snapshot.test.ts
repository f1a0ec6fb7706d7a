/** A snapshot is parsed like everything that comes out of a store: what it does not say exactly is not believed. */
import { Environment, type EnvironmentEvent, environmentEvents, initialEnvironment } from '@recourse/core';
import { describe, expect, test } from 'vitest';
import { d1, d2, d3, environmentAfter, fence, instance, key, r1, release } from '../samples.ts';

const inLine = (deployment: typeof d1): EnvironmentEvent => ({
  type: 'SlotRequested',
  deployment,
  kind: deployment === r1 ? 'rollback' : 'deploy',
  automatic: false,
});
const taken = (deployment: typeof d1, number: number): EnvironmentEvent => ({
  type: 'SlotTaken',
  deployment,
  fence: fence(number),
});
const live = (deployment: typeof d1, number: number): EnvironmentEvent => ({
  type: 'Activated',
  release: release(deployment, { fence: fence(number) }),
  key: key(`${deployment}-start-1`),
  instance,
  previous: null,
  kind: 'deploy',
});
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** One is live, one retires, one promotes, one waits, pushes are held. */
const busy = environmentAfter(
  ...[inLine(d1), taken(d1, 1), live(d1, 1), inLine(d2), taken(d2, 2), live(d2, 2)],
  ...[inLine(d3), taken(d3, 3), inLine(r1), { type: 'AutoDeployHeld', by: d1 } as const],
);
const aborting = environmentAfter(inLine(d1), taken(d1, 1), {
  type: 'SlotAborting',
  deployment: d1,
  fence: fence(1),
  restoreFence: fence(2),
  reason: '',
});

describe('a snapshot of an environment', () => {
  test.each([
    ['to which nothing happened', initialEnvironment],
    ['in which much is going on', busy],
    ['in which a promotion is taken back', aborting],
  ])('%s says all of it', (_, state) => {
    expect(Environment.parse(throughJson(state))).toEqual(state);
  });

  test.each(Object.keys(busy))('without %s is none', (field) => {
    const { [field]: _, ...rest } = throughJson(busy) as Record<string, unknown>;
    expect(Environment.safeParse(rest).success).toBe(false);
  });

  test('with a slot that is neither taken nor being taken back is none', () => {
    const state = throughJson({ ...busy, slot: { ...busy.slot, phase: '' } });
    expect(Environment.safeParse(state).success).toBe(false);
  });
});

test('the place of a rollback in line can be kept and read again', () => {
  const stored = { ...environmentEvents.encode(inLine(r1)), stream: 'environment-shop', version: 0 };
  expect(environmentEvents.decode(stored)).toEqual({ _tag: 'Right', right: inLine(r1) });
});
