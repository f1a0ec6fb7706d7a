/**
 * Walks through core: workers that are slow, die and hold old states, requests that arrive late or twice, people who
 * interfere. What each event must respect is checked as it is appended; here is what must be true when all is quiet.
 */
import {
  decideDeployment,
  deploymentEvents,
  environmentEvents,
  evolveDeployment,
  initialDeployment,
  next,
} from '@recourse/core';
import { some, type Walked, walk } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const WALKS = 600;

/** Holds on every walk. A failure prints the seed and the turns that take the same walk again. */
const always = (law: (walked: Walked) => void, walks = WALKS) =>
  fc.assert(
    fc.property(some.walkOptions, (options) => void law(walk(options))),
    { numRuns: walks },
  );

describe('on every walk', () => {
  test('invariants 2, 3, 5, 7, 9: no event and no effect breaks a law', () => {
    always(({ world }) => expect(world.violations).toEqual([]));
  });

  test('invariant 6: once the faults stop, everything comes to rest', () => {
    always(({ world, settledAfter }) => {
      expect(settledAfter).not.toBeNull();
      expect(settledAfter).toBeLessThan(200 + 100 * world.deployments.size);
      for (const { state } of world.deployments.values())
        expect(state.ending !== null || state.promoted, state.request?.deployment).toBe(true);
    });
  });

  test('the slot is free at the end, and nobody waits', () => {
    always(({ world }) => {
      expect(world.environment.state).toMatchObject({ slot: null, waiting: [], retiring: [] });
    });
  });

  test('invariant 1: one is live, and all agree on which', () => {
    always(({ world }) => {
      const { live } = world.environment.state;
      const went = [...world.deployments.values()].filter(({ state }) => state.promoted);
      const serving = went.filter(({ state }) => state.retiredBy === null);
      expect(serving.map(({ state }) => state.request?.deployment)).toEqual(live ? [live.release.deployment] : []);
      expect(world.environment.state.proven.map(({ deployment }) => deployment).sort()).toEqual(
        went.map(({ state }) => state.request?.deployment).sort(),
      );
      if (live !== null) expect(world.route).toEqual({ upstream: live.instance, fence: live.routeFence });
      else expect(world.route?.upstream ?? null).toBeNull();
    });
  });

  test('invariant 8: what runs is live, or a late start that the reaper may take by facts that stay true', () => {
    always(({ world }) => {
      const { live } = world.environment.state;
      for (const [key, { deployment }] of world.running) {
        if (key === live?.key) continue;
        const state = world.deployments.get(deployment)?.state;
        const over = state?.ending != null || state?.retiredBy != null;
        expect(over || (state?.promoted && state.started?.key !== key), key).toBe(true);
      }
      if (live !== null) expect([...world.running.keys()]).toContain(live.key);
    });
  });

  test('invariant 6: any prefix of a stream, read back from a store, is the same deployment', () => {
    always(({ world }) => {
      for (const { events, state } of world.deployments.values()) {
        const read = events.map((event) => {
          const stored = JSON.parse(JSON.stringify(deploymentEvents.encode(event)));
          const decoded = deploymentEvents.decode({ ...stored, stream: 'walk', version: 0 });
          return decoded._tag === 'Right' ? decoded.right : decoded.left;
        });
        expect(read).toEqual(events);
        expect(events.reduce(evolveDeployment, initialDeployment)).toEqual(state);
      }
      for (const event of world.environment.events) {
        const stored = JSON.parse(JSON.stringify(environmentEvents.encode(event)));
        expect(environmentEvents.decode({ ...stored, stream: 'walk', version: 0 })).toMatchObject({ right: event });
      }
    }, WALKS / 4);
  });

  test('a deployment that is done owes nothing, and refuses to begin', () => {
    always(({ world }) => {
      for (const { state } of world.deployments.values()) {
        expect(next(state, world.environment.state, world.now)).toEqual({ type: 'Done' });
        const again = { type: 'Cancel', actor: 'ada', reason: null } as const;
        const events = decideDeployment(again, state);
        expect(events._tag === 'Left' || events.right.length === 0).toBe(true);
      }
    });
  });
});

describe('the walks', () => {
  const walks = fc.sample(some.walkOptions, { seed: 1, numRuns: WALKS }).map(walk);
  const all = walks.map(({ world }) => world);

  test('are the same for the same seed', () => {
    const options = { seed: 42, turns: 500 };
    expect(walk(options)).toEqual(walk(options));
  });

  test('come by every step', () => {
    const seen = new Set(walks.flatMap(({ steps }) => Object.keys(steps)));
    expect([...seen].sort()).toEqual(
      [
        ...['Activate', 'AbortPromotion', 'Admit', 'Build', 'CheckHealth', 'Done', 'Preempt', 'ProbeImage', 'Promote'],
        ...['PullImage', 'ReleaseSlot', 'ResolveSource', 'RestoreTraffic', 'RetirePrevious', 'Start', 'StopInstance'],
        ...['Supersede', 'Wait'],
      ].sort(),
    );
  });

  test('come by every event', () => {
    const seen = new Set<string>(
      all.flatMap(({ deployments, environment }) => [
        ...[...deployments.values()].flatMap(({ events }) => events.map(({ type }) => type)),
        ...environment.events.map(({ type }) => type),
      ]),
    );
    const every = [...Object.keys(some.deploymentEvents), ...Object.keys(some.environmentEvents)];
    expect(every.filter((type) => !seen.has(type))).toEqual([]);
  });

  test.each<readonly [string, (events: readonly { type: string }[]) => boolean]>([
    ['a step taken up by another worker', (events) => events.some((event) => 'run' in event && Number(event.run) > 1)],
    ['a rollback that reuses', (events) => has(events, 'RollbackRequested', 'ImageReused', 'Promoted')],
    ['a rollback that pulls', (events) => has(events, 'RollbackRequested', 'ImagePulled', 'Promoted')],
    ['a rollback that rebuilds', (events) => has(events, 'RollbackRequested', 'RebuildScheduled', 'Promoted')],
    ['a rollback that fails', (events) => has(events, 'RollbackRequested', 'DeploymentFailed')],
    ['a cancellation in mid-flight', (events) => has(events, 'StepStarted', 'Cancelled')],
    ['an instance that was not healthy', (events) => has(events, 'HealthChecked', 'DeploymentFailed')],
    ['a second build after the image went away', (events) => events.filter(({ type }) => type === 'Built').length > 1],
    ['two probes of one rollback', (events) => events.filter(({ type }) => type === 'ImageProbed').length > 1],
  ])('come by %s', (_name, happened) => {
    expect(all.some(({ deployments }) => [...deployments.values()].some(({ events }) => happened(events)))).toBe(true);
  });

  test('come by a promotion that was taken back under a live release', () => {
    expect(
      all.some(({ environment: { events } }) => {
        const aborted = events.findIndex(({ type }) => type === 'SlotAborting');
        return events.slice(0, Math.max(0, aborted)).some(({ type }) => type === 'Activated');
      }),
    ).toBe(true);
  });
});

const has = (events: readonly { type: string }[], ...types: readonly string[]): boolean =>
  types.every((wanted) => events.some(({ type }) => type === wanted));
