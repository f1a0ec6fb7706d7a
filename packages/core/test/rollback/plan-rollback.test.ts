import {
  checkTarget,
  type Durations,
  defaultTarget,
  type EnvironmentEvent,
  EnvironmentId,
  type PlanFacts,
  planRollback,
  type Release,
} from '@recourse/core';
import { describe, expect, test } from 'vitest';
import {
  accepted,
  after,
  atRef,
  d1,
  d2,
  d3,
  deployed,
  deploying,
  environmentAfter,
  instance,
  key,
  main,
  promoted,
  r1,
  ready,
  release,
  shop,
} from '../samples.ts';

const live = (one: Release): EnvironmentEvent => ({
  type: 'Activated',
  release: one,
  key: key(`${one.deployment}-start-1`),
  instance,
  previous: null,
  kind: 'deploy',
});
const wereLive = (...releases: readonly Release[]) => environmentAfter(...releases.map(live));

describe('the default target', () => {
  test('is nothing where nothing was live', () => {
    expect(defaultTarget(wereLive())).toBeNull();
    expect(defaultTarget(wereLive(release(d1)))).toBeNull();
  });

  test('is the release that was live before the one live now', () => {
    expect(defaultTarget(wereLive(release(d1), release(d2)))?.deployment).toBe(d1);
    expect(defaultTarget(wereLive(release(d1), release(d2), release(d3)))?.deployment).toBe(d2);
  });

  test('after a rollback is the release that was rolled back', () => {
    const again = release(r1, { origin: d1 });
    expect(defaultTarget(wereLive(release(d1), release(d2), again))?.deployment).toBe(d2);
  });

  test('is the last release that was live, where none is', () => {
    expect(defaultTarget({ ...wereLive(release(d1), release(d2)), live: null })?.deployment).toBe(d2);
  });

  test('is never the release that is live under another name', () => {
    const again = release(r1, { origin: d1 });
    expect(defaultTarget(wereLive(release(d1), again))).toBeNull();
  });
});

describe('a target', () => {
  const nowLive = wereLive(release(d1), release(d2));
  const wasLive = after(...deploying.live);

  test('is any release that was live, whatever became of it', () => {
    const retired = after(...deploying.live, { type: 'Retired', by: d2 });
    expect(accepted(checkTarget(shop, d1, wasLive, nowLive))).toMatchObject({ deployment: d1, origin: d1, fence: 7 });
    expect(accepted(checkTarget(shop, d1, retired, nowLive))).toMatchObject({ deployment: d1 });
  });

  test('is nothing that never served traffic', () => {
    expect(checkTarget(shop, d1, after(...deploying.serving), nowLive)).toMatchObject({
      left: { code: 'TargetNeverLive' },
    });
  });

  test('is nothing whose image nobody knows', () => {
    expect(checkTarget(shop, d1, after(deployed(), promoted), nowLive)).toMatchObject({
      left: { code: 'TargetNeverLive', target: d1 },
    });
  });

  test('is any release that was live, where none is', () => {
    expect(accepted(checkTarget(shop, d1, wasLive, { ...nowLive, live: null }))).toMatchObject({ deployment: d1 });
  });

  test('is nothing that was never requested', () => {
    expect(checkTarget(shop, d3, after(), nowLive)).toMatchObject({ left: { code: 'TargetNotFound', target: d3 } });
  });

  test('is nothing of another environment', () => {
    const blog = EnvironmentId.parse('blog');
    const elsewhere = after(deployed({ environment: blog }), ...deploying.live.slice(1));
    expect(checkTarget(shop, d1, elsewhere, nowLive)).toMatchObject({ left: { code: 'TargetNotFound' } });
  });

  test('is not what is live already, under whatever name', () => {
    const again = wereLive(release(r1, { origin: d1 }));
    expect(checkTarget(shop, d1, wasLive, again)).toMatchObject({
      left: { code: 'AlreadyLive', target: d1, live: r1 },
    });
  });
});

const facts = (with_: Partial<PlanFacts> = {}): PlanFacts => ({
  environment: shop,
  state: wereLive(release(d1), release(d2)),
  durations: [],
  finding: 'present',
  configMode: 'then',
  acceptMovedRef: false,
  ...with_,
});

describe('a plan', () => {
  const unlooked = release(d1, { runnable: false });

  test('of what is here reuses it', () => {
    expect(accepted(planRollback(facts(), release(d1)))).toMatchObject({
      decision: { type: 'Reuse' },
      reasons: ['Image aaaaaaaaaaaa of d-1 is here, with the same digest.'],
      steps: ['probe-image', 'start', 'check-health', 'promote', 'retire-previous'],
      live: d2,
    });
  });

  test('of what a registry has pulls it', () => {
    expect(accepted(planRollback(facts({ finding: 'in-registry' }), release(d1)))).toMatchObject({
      decision: { type: 'Pull' },
      reasons: ['Image aaaaaaaaaaaa of d-1 is in its registry, with the same digest.'],
      steps: ['probe-image', 'pull-image', 'start', 'check-health', 'promote', 'retire-previous'],
    });
  });

  test('of what is gone rebuilds the commit that was live', () => {
    expect(accepted(planRollback(facts({ finding: 'absent' }), release(d1)))).toMatchObject({
      decision: { type: 'Rebuild', reason: 'pruned' },
      reasons: ['The image is gone. It is rebuilt from commit cccccccccccc, which was live.'],
      steps: ['probe-image', 'build', 'start', 'check-health', 'promote', 'retire-previous'],
    });
  });

  test('of what cannot run by itself does not look for it', () => {
    expect(accepted(planRollback(facts({ finding: null }), unlooked)).steps[0]).toBe('build');
  });

  test('of what only a ref names says that it may be another release', () => {
    const target = release(d1, { source: atRef });
    const plan = accepted(planRollback(facts({ finding: 'changed', acceptMovedRef: true }), target));
    expect(plan.decision).toEqual({ type: 'RebuildAtRef', ref: main, reason: 'changed' });
    expect(plan.reasons).toEqual([expect.stringContaining('which may be another release')]);
    expect(plan.steps.slice(0, 3)).toEqual(['probe-image', 'resolve-source', 'build']);
  });

  test('without a way back is refused, with the reason', () => {
    expect(planRollback(facts({ finding: 'absent' }), release(d1, { source: ready }))).toMatchObject({
      left: { code: 'NoWayBack', target: d1, reason: 'no-source' },
    });
    expect(planRollback(facts({ finding: 'absent' }), release(d1, { source: atRef }))).toMatchObject({
      left: { code: 'NoWayBack', target: d1, reason: 'moved-ref' },
    });
  });

  test('that nobody looked for is a defect of ours', () => {
    expect(() => planRollback(facts({ finding: null }), release(d1))).toThrow('without a probe');
  });
});

describe('the configuration of a plan', () => {
  const then = { variables: { OLD: '1', SAME: 's', MOVED: 'a', AGED: 'a' }, secrets: {} };
  const now = {
    variables: { NEW: '1', SAME: 's', MOVED: 'b', AGED: 'b' },
    secrets: { KEY: { reference: 'shop/key', fingerprint: 'f2' } },
  };
  const state = wereLive(release(d1, { config: then }), release(d2, { config: now }));

  test('is that of the release, and the plan names what it changes', () => {
    const plan = accepted(planRollback(facts({ state }), release(d1, { config: then })));
    expect(plan.config).toEqual(then);
    expect(plan.configDifference).toEqual({ added: ['OLD'], removed: ['KEY', 'NEW'], changed: ['AGED', 'MOVED'] });
  });

  test('adds all of it, where nothing is live', () => {
    const alone = facts({ state: wereLive() });
    const plan = accepted(planRollback(alone, release(d1, { config: then })));
    expect(plan).toMatchObject({ live: null, config: then });
    expect(plan.configDifference).toEqual({ added: ['AGED', 'MOVED', 'OLD', 'SAME'], removed: [], changed: [] });
    const now = planRollback({ ...alone, configMode: 'now' }, release(d1, { config: then }));
    expect(accepted(now).config).toEqual(then);
  });

  test('is the one that is live, if that was asked for', () => {
    const plan = accepted(planRollback(facts({ state, configMode: 'now' }), release(d1, { config: then })));
    expect(plan.config).toEqual(now);
    expect(plan.configDifference).toEqual({ added: [], removed: [], changed: [] });
  });

  test('differs when a secret was rotated, and tells no value', () => {
    const rotated = { ...now, secrets: { KEY: { reference: 'shop/key', fingerprint: 'f1' } } };
    const plan = accepted(planRollback(facts({ state }), release(d1, { config: rotated })));
    expect(plan.configDifference.changed).toEqual(['KEY']);
    expect(JSON.stringify(plan.configDifference)).not.toContain('f1');
  });

  test('tells a variable from a secret of the same name', () => {
    const open = { variables: { ...now.variables, KEY: 'f2' }, secrets: {} };
    const plan = accepted(planRollback(facts({ state }), release(d1, { config: open })));
    expect(plan.configDifference.changed).toEqual(['KEY']);
  });
});

describe('the estimate of a plan', () => {
  const took = (with_: Partial<Durations>): Durations => ({
    build: null,
    pull: null,
    start: null,
    health: null,
    ...with_,
  });
  const estimate = (finding: PlanFacts['finding'], ...durations: readonly Durations[]) =>
    accepted(planRollback(facts({ finding, durations }), release(d1))).estimateMs;

  test('counts what has to be done', () => {
    const made = took({ build: 90_000, start: 400, health: 600 });
    expect(estimate('present', made)).toBe(1_000);
    expect(estimate('absent', made)).toBe(91_000);
    expect(estimate('in-registry', took({ ...made, pull: 5_000 }))).toBe(6_000);
  });

  test('is not a guess', () => {
    expect(estimate('present')).toBeNull();
    expect(estimate('in-registry', took({ build: 90_000, start: 400, health: 600 }))).toBeNull();
    expect(estimate('present', took({ start: 400 }))).toBeNull();
    expect(estimate('present', took({ health: 600 }))).toBeNull();
  });

  test('takes each part from the newest time that it was done', () => {
    const reused = took({ start: 200, health: 300 });
    const made = took({ build: 90_000, start: 400, health: 600 });
    expect(estimate('absent', reused, made)).toBe(90_500);
  });
});
