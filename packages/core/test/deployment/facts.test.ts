/** What is known of a deployment after its events, where no step asks for it. */
import { isAutomatic, kindOf, releaseOf } from '@recourse/core';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  after,
  begun,
  built,
  commit,
  d1,
  d2,
  deployed,
  deploying,
  image,
  key,
  main,
  probed,
  r1,
  ready,
  release,
  reused,
  rolledBack,
} from '../samples.ts';

const rebuilt = { type: 'RebuildScheduled', commit, reason: 'pruned', movedRef: null } as const;
const pulled = { type: 'ImagePulled', image, durationMs: 5 } as const;
const stopped = { type: 'InstanceStopped', key: key('d-1-start-1') } as const;

describe('a deployment', () => {
  test('is a deploy or a rollback', () => {
    expect([kindOf(deployed()), kindOf(rolledBack(release(d1)))]).toEqual(['deploy', 'rollback']);
  });

  test('is automatic if a machine set it off', () => {
    const triggers = ['push', 'schedule', 'api', 'redeploy'] as const;
    expect(triggers.map((trigger) => isAutomatic(deployed({ trigger })))).toEqual([true, true, false, false]);
    expect(isAutomatic(rolledBack(release(d1)))).toBe(false);
  });

  test('knows how long its parts took', () => {
    expect(after(...deploying.live).durations).toEqual({ build: 90_000, pull: null, start: 400, health: 900 });
    const started = [pulled, ...deploying.live.slice(5)];
    expect(after(...deploying.requested, ...started).durations).toEqual({
      build: null,
      pull: 5,
      start: 400,
      health: 900,
    });
  });

  test('knows how its image was come by', () => {
    const rollback = [rolledBack(release(d1)), admitted];
    expect(after(...rollback, reused).acquisition).toEqual({ type: 'reuse' });
    expect(after(...rollback, pulled).acquisition).toEqual({ type: 'pull' });
    expect(after(...rollback, rebuilt).acquisition).toEqual({ type: 'build', commit, ref: null });
    expect(after(...deploying.inSlot).acquisition).toEqual({ type: 'build', commit, ref: null });
    const asMain = { type: 'BuildScheduled', commit, ref: main } as const;
    expect(after(...deploying.requested, asMain).acquisition).toEqual({ type: 'build', commit, ref: main });
  });

  test('goes on until it says that it ended', () => {
    const asked = { type: 'CancellationRequested', actor: 'ada', reason: null } as const;
    expect(after(...deploying.inSlot, asked)).toEqual(after(...deploying.inSlot));
    expect(after(...deploying.inSlot, asked, { type: 'Cancelled' }).ending).toBe('cancelled');
    expect(after(...deploying.requested, { type: 'Superseded', by: d2 })).toMatchObject({
      request: { deployment: d1 },
      ending: 'superseded',
    });
  });

  test('is done with what it stopped, and with nothing else', () => {
    const second = begun('start', key('d-1-start-2'), 2);
    const stopping = begun('stop-instance', key('d-1-start-1'));
    expect(after(...deploying.starting, second, stopping, stopped)).toMatchObject({
      begunStarts: ['d-1-start-2'],
      underWay: null,
    });
    // The reaper stops what was left behind, whatever is under way.
    expect(after(...deploying.starting, second, stopped).underWay).toMatchObject({ key: 'd-1-start-2' });
  });

  // An event is history and is never refused, also if what should be before it is missing.
  test('keeps an image that it never asked for', () => {
    expect(after(reused).image).toEqual({ image, commit: null, runnable: true });
    expect(releaseOf(after(rolledBack(release(d1)), admitted, built))).toMatchObject({ origin: d1 });
  });
});

describe('the release of a deployment', () => {
  test('is not there before all of it is known', () => {
    expect(releaseOf(after(deployed(), admitted))).toBeNull();
    expect(releaseOf(after(deployed(), built))).toBeNull();
    expect(releaseOf(after(admitted, built))).toBeNull();
  });

  test('of an image has no commit', () => {
    const source = releaseOf(after(deployed({ source: ready }), admitted, pulled))?.source;
    expect(source).toStrictEqual(ready);
  });

  test.each([
    ['it was reused', reused],
    ['it was pulled', pulled],
    ['it was built again at its commit', rebuilt],
  ])('of a rollback is that of its target, if %s', (_, event) => {
    const target = release(d1, { runnable: event === rebuilt });
    const events = [rolledBack(target), admitted, probed('present'), event, ...(event === rebuilt ? [built] : [])];
    expect(releaseOf(after(...events))).toEqual({ ...target, deployment: r1, fence: 7 });
  });

  test('of a rollback to an image is that image', () => {
    const target = release(d1, { source: ready });
    const state = after(rolledBack(target), admitted, probed('present'), reused);
    expect(state.image).toEqual({ image, commit: null, runnable: true });
    expect(releaseOf(state)).toStrictEqual({ ...target, deployment: r1, fence: 7 });
  });
});
