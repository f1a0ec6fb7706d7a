import {
  type DeploymentEvent,
  decideDeployment,
  defaultPolicy,
  type EffectName,
  type Failure,
  initialEnvironment,
  next,
} from '@recourse/core';
import { describe, expect, test } from 'vitest';
import {
  accepted,
  admitted,
  after,
  at,
  atRef,
  begun,
  buildScheduled,
  built,
  commit,
  d1,
  deployed,
  deploying,
  fence,
  image,
  imageGone,
  key,
  main,
  otherCommit,
  probed,
  ready,
  release,
  reused,
  rolledBack,
} from '../samples.ts';

/** What is owed after the start under `stepKey` found no image, and what was left of it is stopped. */
const afterImageGone = (stepKey: string, ...events: readonly DeploymentEvent[]) => {
  const starting = [...events, begun('start', key(stepKey))];
  const failure = { step: 'start', error: imageGone, now: at(0), policy: defaultPolicy.start } as const;
  const of = { attempt: 1, key: key(stepKey) };
  const failed = accepted(decideDeployment({ type: 'RecordFailure', ...of, ...failure }, after(...starting)));
  const state = after(...starting, ...failed, { type: 'InstanceStopped', key: key(stepKey) });
  const deployment = state.request?.deployment ?? d1;
  const slot = { deployment, kind: 'deploy', automatic: false, order: 1, fence: fence(7), phase: 'taken' } as const;
  return next(state, { ...initialEnvironment, fence: 7, slot }, at(0));
};

describe('an image that goes away between its coming and the start', () => {
  test('is looked for again, if it was reused', () => {
    expect(afterImageGone('r-1-start-1', rolledBack(release(d1)), admitted, probed('present'), reused)).toMatchObject({
      type: 'ProbeImage',
      image,
    });
  });

  test('is built again at the very commit, if it was rebuilt', () => {
    const rebuild = { type: 'RebuildScheduled', commit, reason: 'pruned', movedRef: null } as const;
    expect(
      afterImageGone('r-1-start-1', rolledBack(release(d1)), admitted, probed('absent'), rebuild, built),
    ).toMatchObject({ type: 'Build', commit });
  });

  test('is built again, if it could not run by itself and so nobody ever looked for it', () => {
    const target = release(d1, { runnable: false });
    const rebuild = { type: 'RebuildScheduled', commit, reason: 'not-runnable', movedRef: null } as const;
    expect(afterImageGone('r-1-start-1', rolledBack(target), admitted, rebuild, built)).toMatchObject({
      type: 'Build',
      commit,
    });
  });

  test('is built again by a deploy of a commit', () => {
    expect(afterImageGone('d-1-start-1', deployed(), admitted, buildScheduled, built)).toMatchObject({
      type: 'Build',
      commit,
      key: 'd-1-build-1',
    });
  });

  // Another commit than the one that was asked for, or than the one that history tells of, must never go live.
  test('is built again at the commit that a ref meant when it was resolved', () => {
    const scheduled = { type: 'BuildScheduled', commit: otherCommit, ref: main } as const;
    const other = { ...built, commit: otherCommit } as DeploymentEvent;
    expect(afterImageGone('d-1-start-1', deployed({ source: atRef }), admitted, scheduled, other)).toMatchObject({
      type: 'Build',
      commit: otherCommit,
    });
  });

  test('is pulled again by a deploy of an image', () => {
    const pulled = { type: 'ImagePulled', image, durationMs: 1 } as const;
    expect(afterImageGone('d-1-start-1', deployed({ source: ready }), admitted, pulled)).toMatchObject({
      type: 'PullImage',
    });
  });

  test('is forgotten, with the instance that it was for', () => {
    const gone = { step: 'start', attempt: 1, key: key('d-1-start-1'), error: imageGone, retryAt: at(0) } as const;
    expect(after(...deploying.starting, { type: 'StepFailed', ...gone })).toMatchObject({
      image: null,
      started: null,
      healthy: false,
    });
  });

  // The same words of another step are about something else: what is here is kept.
  test.each<[EffectName, Failure['code']]>([
    ['check-health', 'runtime/image-gone'],
    ['check-health', 'images/not-found'],
    ['pull-image', 'images/unavailable'],
  ])('is not what a failure of %s with %s says', (step, code) => {
    const failed = {
      type: 'StepFailed',
      step,
      attempt: 1,
      key: key('r-1-x-1'),
      error: { ...imageGone, code },
    } as const;
    const state = after(rolledBack(release(d1)), admitted, probed('in-registry'), { ...failed, retryAt: at(0) });
    expect(state.finding).toBe('in-registry');
  });

  test('fails the deployment when it went away too often', () => {
    const policy = { ...defaultPolicy.start, attemptsMax: 1 };
    const starting = after(...[rolledBack(release(d1)), admitted, reused, begun('start', key('r-1-start-1'))]);
    const of = { attempt: 1, key: key('r-1-start-1') };
    const failure = { step: 'start', error: imageGone, now: at(0), policy } as const;
    expect(accepted(decideDeployment({ type: 'RecordFailure', ...of, ...failure }, starting))).toMatchObject([
      { type: 'StepFailed', retryAt: null },
      { type: 'DeploymentFailed' },
    ]);
  });

  test('fails a deploy of an image at once, if it never was there', () => {
    const pulling = [deployed({ source: ready }), admitted, begun('pull-image', key('d-1-pull-image-1'))];
    const of = { attempt: 1, key: key('d-1-pull-image-1') };
    const error = { kind: 'permanent', code: 'images/not-found', message: 'Nobody has it.' } as const;
    const failure = { step: 'pull-image', error, now: at(5), policy: defaultPolicy['pull-image'] } as const;
    const failed = accepted(decideDeployment({ type: 'RecordFailure', ...of, ...failure }, after(...pulling)));
    expect(failed).toMatchObject([{ type: 'StepFailed', retryAt: null }, { type: 'DeploymentFailed' }]);
  });

  test('is looked for again, if the registry lost it before the pull', () => {
    const pulling = [
      rolledBack(release(d1)),
      admitted,
      probed('in-registry'),
      begun('pull-image', key('r-1-pull-image-1')),
    ];
    const of = { attempt: 1, key: key('r-1-pull-image-1') };
    const error = { kind: 'permanent', code: 'images/not-found', message: 'Nobody has it.' } as const;
    const failure = { step: 'pull-image', error, now: at(5), policy: defaultPolicy['pull-image'] } as const;
    const failed = accepted(decideDeployment({ type: 'RecordFailure', ...of, ...failure }, after(...pulling)));
    expect(failed).toMatchObject([{ type: 'StepFailed', retryAt: 5 }]);
    expect(after(...pulling, ...failed).finding).toBeNull();
  });
});
