import {
  type DeploymentEvent,
  decideDeployment,
  defaultPolicy,
  EffectName,
  evolveDeployment,
  initialDeployment,
  RUNS_MAX,
} from '@recourse/core';
import { scenarios } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  after,
  at,
  atRef,
  begun,
  buildScheduled,
  built,
  d1,
  deployed,
  deploying,
  healthy,
  key,
  otherInstance,
  permanent,
  probed,
  release,
  rolledBack,
  started,
} from '../samples.ts';

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
    cancelled.when(begin('start', 'd-1-start-1', 1, 2)).thenRejected('AlreadyEnded', { outcome: 'cancelled' });
    cancelled.when(begin('stop-instance', 'd-1-start-1')).thenHappens(begun('stop-instance', key('d-1-start-1')));
  });

  test('what is live begins nothing but cleaning up', () => {
    const live = given(...deploying.live);
    live.when(begin('start', 'd-1-start-2')).thenRejected('AlreadyEnded', { deployment: d1, outcome: 'live' });
    live.when(begin('retire-previous', 'd-0-start-1')).thenHappens(begun('retire-previous', key('d-0-start-1')));
  });

  test('a second instance is stopped, also while a worker is at the first', () => {
    const two = [...deploying.starting, begun('start', key('d-1-start-2'), 2), { type: 'Cancelled' }] as const;
    given(...two, begun('stop-instance', key('d-1-start-1')))
      .when(begin('stop-instance', 'd-1-start-2'))
      .thenHappens(begun('stop-instance', key('d-1-start-2')));
  });

  test('what was stopped is not stopped again', () => {
    given(...deploying.starting, { type: 'Cancelled' }, { type: 'InstanceStopped', key: key('d-1-start-1') })
      .when(begin('stop-instance', 'd-1-start-1'))
      .thenRejected('StaleOutcome');
  });

  /** Cleaning up goes by the key of what is to be stopped. */
  const keyOf = (step: EffectName) => {
    if (step === 'retire-previous') return key('d-0-start-1');
    return key(step === 'stop-instance' ? 'd-1-start-1' : `d-1-${step}-1`);
  };
  const givenUp = (step: EffectName): DeploymentEvent =>
    ({ type: 'StepFailed', step, attempt: 1, key: keyOf(step), error: permanent, retryAt: null }) as const;
  const atRefInSlot = [deployed({ source: atRef }), admitted];
  const lookedFor = [rolledBack(release(d1, { source: atRef })), admitted, probed('in-registry')];
  const acquiring = ['resolve-source', 'probe-image', 'pull-image'] as const;

  test.each<[string, readonly DeploymentEvent[], readonly EffectName[]]>([
    ['nothing, without the slot', [deployed({ source: atRef })], []],
    ['nothing, without the slot, whatever happened', [deployed(), buildScheduled, built, started, healthy], []],
    ['how to come by the image, as long as that is open', atRefInSlot, acquiring],
    ['no second look for the image', lookedFor, ['resolve-source', 'pull-image']],
    ['the build, when it is to be built', deploying.inSlot, ['build']],
    ['the start, when the image is there', deploying.withImage, ['start']],
    ['also the end of a start that was begun', deploying.starting, ['start', 'stop-instance']],
    ['the question whether it is healthy, when it runs', deploying.running, ['check-health', 'stop-instance']],
    ['the promotion, when it is healthy', deploying.serving, ['promote', 'stop-instance']],
    [
      'the way back, when the promotion failed',
      [...deploying.promoting, givenUp('promote')],
      ['restore-traffic', 'stop-instance'],
    ],
    ['only the retirement, when it is live', deploying.live, ['retire-previous', 'stop-instance']],
    ['no retirement that was given up', [...deploying.live, givenUp('retire-previous')], ['stop-instance']],
    ['no stop that was given up', [...deploying.running, givenUp('stop-instance')], ['check-health']],
  ])('due is %s', (_, events, due) => {
    const state = after(...events);
    const mayBegin = EffectName.options.filter((step) => {
      const attempt = (state.failures[step] ?? 0) + 1;
      return decideDeployment(begin(step, keyOf(step), attempt), state)._tag === 'Right';
    });
    expect(mayBegin).toEqual(due);
  });

  test('a step that outlives its workers again and again counts as failed', () => {
    const outcome = decideDeployment(
      begin('build', 'd-1-build-1', 1, RUNS_MAX + 1),
      [...deploying.inSlot, begun('build', key('d-1-build-1'), 1, RUNS_MAX)].reduce(
        evolveDeployment,
        initialDeployment,
      ),
    );
    const message = '5 workers began build and none of them came back with an outcome.';
    expect(outcome).toMatchObject({ right: [{ type: 'StepFailed', error: { code: 'engine/abandoned', message } }] });
  });

  test('the last worker that may take a step up does', () => {
    given(...deploying.inSlot, begun('build', key('d-1-build-1'), 1, RUNS_MAX - 1))
      .when(begin('build', 'd-1-build-1', 1, RUNS_MAX))
      .thenHappens(begun('build', key('d-1-build-1'), 1, RUNS_MAX));
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
