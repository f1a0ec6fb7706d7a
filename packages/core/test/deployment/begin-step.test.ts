import {
  decideDeployment,
  defaultPolicy,
  type EffectName,
  evolveDeployment,
  initialDeployment,
  RUNS_MAX,
} from '@recourse/core';
import { scenarios } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import { at, begun, deployed, deploying, healthy, key, otherInstance, permanent } from '../samples.ts';

const { given } = scenarios({ initial: initialDeployment, evolve: evolveDeployment, decide: decideDeployment });

const begin = (step: EffectName, stepKey: string, attempt = 1, run = 1) =>
  ({
    type: 'BeginStep',
    step: { step, attempt, run, key: key(stepKey) },
    now: at(1_000),
    policy: defaultPolicy[step],
  }) as const;

describe('beginning a step', () => {
  test('the intent is written before the effect', () => {
    given(...deploying.inSlot)
      .when(begin('build', 'd-1-build-1'))
      .thenHappens(begun('build', key('d-1-build-1')));
  });

  test('the same intent is not written twice', () => {
    given(...deploying.inSlot, begun('build', key('d-1-build-1')))
      .when(begin('build', 'd-1-build-1'))
      .thenNothing();
  });

  test('another worker that takes the step up says so', () => {
    given(...deploying.inSlot, begun('build', key('d-1-build-1')))
      .when(begin('build', 'd-1-build-1', 1, 2))
      .thenHappens(begun('build', key('d-1-build-1'), 1, 2));
  });

  test('nothing is begun without the slot', () => {
    given(deployed()).when(begin('build', 'd-1-build-1')).thenRejected('StaleOutcome');
  });

  test('a worker that slept through the build does not build again', () => {
    given(...deploying.withImage)
      .when(begin('build', 'd-1-build-1'))
      .thenRejected('StaleOutcome');
  });

  test('a worker that slept through the start does not start again under a healthy instance', () => {
    given(...deploying.serving)
      .when(begin('start', 'd-1-start-1'))
      .thenRejected('StaleOutcome');
  });

  // Its answer could fail a deployment that the router points at, and its instance would be stopped.
  test('a worker that slept through the health check does not check during the promotion', () => {
    given(...deploying.promoting)
      .when(begin('check-health', 'd-1-check-health-1'))
      .thenRejected('StaleOutcome');
  });

  test('an unhealthy instance is not promoted', () => {
    given(...deploying.running)
      .when(begin('promote', 'd-1-promote-1'))
      .thenRejected('StaleOutcome');
  });

  test('traffic is put back only when a promotion failed', () => {
    given(...deploying.promoting)
      .when(begin('restore-traffic', 'd-1-restore-traffic-1'))
      .thenRejected('StaleOutcome');
  });

  test('a promotion that failed for good is not tried again', () => {
    given(...deploying.promoting, {
      type: 'StepFailed',
      step: 'promote',
      attempt: 1,
      key: key('d-1-promote-1'),
      error: permanent,
      retryAt: null,
    })
      .when(begin('promote', 'd-1-promote-2', 2))
      .thenRejected('StaleOutcome');
  });

  test('an attempt that failed is not begun again', () => {
    given(...deploying.inSlot, {
      type: 'StepFailed',
      step: 'build',
      attempt: 1,
      key: key('d-1-build-1'),
      error: permanent,
      retryAt: at(0),
    })
      .when(begin('build', 'd-1-build-1'))
      .thenRejected('StaleOutcome');
  });

  test('after an ending nothing is begun but cleaning up', () => {
    const cancelled = given(...deploying.starting, { type: 'Cancelled' });
    cancelled.when(begin('start', 'd-1-start-1', 1, 2)).thenRejected('AlreadyEnded');
    cancelled.when(begin('stop-instance', 'd-1-start-1')).thenHappens(begun('stop-instance', key('d-1-start-1')));
  });

  test('what was stopped is not stopped again', () => {
    given(...deploying.starting, { type: 'Cancelled' }, { type: 'InstanceStopped', key: key('d-1-start-1') })
      .when(begin('stop-instance', 'd-1-start-1'))
      .thenRejected('StaleOutcome');
  });

  test('a step that outlives its workers again and again counts as failed', () => {
    const outcome = decideDeployment(
      begin('build', 'd-1-build-1', 1, RUNS_MAX + 1),
      [...deploying.inSlot, begun('build', key('d-1-build-1'), 1, RUNS_MAX)].reduce(
        evolveDeployment,
        initialDeployment,
      ),
    );
    expect(outcome).toMatchObject({ right: [{ type: 'StepFailed', error: { code: 'engine/abandoned' } }] });
  });

  test('traffic is put back however many workers it takes', () => {
    const failing = {
      type: 'StepFailed',
      step: 'promote',
      attempt: 1,
      key: key('d-1-promote-1'),
      error: permanent,
      retryAt: null,
    } as const;
    const stepKey = key('d-1-restore-traffic-1');
    given(...deploying.promoting, failing, begun('restore-traffic', stepKey, 1, 99))
      .when(begin('restore-traffic', stepKey, 1, 100))
      .thenHappens(begun('restore-traffic', stepKey, 1, 100));
  });
});

describe('an instance that was started', () => {
  test('is healthy only when it was asked itself', () => {
    const again = { type: 'InstanceStarted', key: key('d-1-start-1'), instance: otherInstance, durationMs: 1 } as const;
    const state = [...deploying.running, healthy, again].reduce(evolveDeployment, initialDeployment);
    expect(state.healthy).toBe(false);
  });
});
