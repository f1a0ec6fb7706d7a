import {
  backoffMs,
  decideDeployment,
  defaultPolicy,
  EffectName,
  evolveDeployment,
  initialDeployment,
  RunSpec,
} from '@recourse/core';
import { scenarios } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import {
  accepted,
  after,
  at,
  begun,
  d2,
  deploying,
  fence,
  healthy,
  instance,
  key,
  otherInstance,
  permanent,
  promoted,
  started,
  transient,
} from '../samples.ts';

const { given } = scenarios({ initial: initialDeployment, evolve: evolveDeployment, decide: decideDeployment });
const checking = [...deploying.running, begun('check-health', key('d-1-check-health-1'))];
const failing = [
  ...deploying.promoting,
  {
    type: 'StepFailed',
    step: 'promote',
    attempt: 1,
    key: key('d-1-promote-1'),
    error: permanent,
    retryAt: null,
  } as const,
];

describe('an instance', () => {
  const record = { type: 'RecordStarted', attempt: 1, key: key('d-1-start-1'), durationMs: 400 } as const;

  test('that was started is known by its key', () => {
    given(...deploying.starting)
      .when({ ...record, instance })
      .thenHappens(started);
  });

  test('that a dead worker started late is not believed', () => {
    given(...deploying.running)
      .when({ ...record, instance: otherInstance })
      .thenRejected('StaleOutcome');
  });

  test('that was stopped is forgotten, once', () => {
    const stop = { type: 'RecordStopped', key: key('d-1-start-1') } as const;
    const stopped = { type: 'InstanceStopped', key: key('d-1-start-1') } as const;
    given(...deploying.starting)
      .when(stop)
      .thenHappens(stopped);
    given(...deploying.starting, stopped)
      .when(stop)
      .thenNothing();
  });
});

describe('a health check', () => {
  const record = { attempt: 1, key: key('d-1-check-health-1'), attempts: 3, durationMs: 900 } as const;

  test('that an instance passes lets it be promoted', () => {
    given(...checking)
      .when({ type: 'RecordHealth', ...record, healthy: true, detail: '200' })
      .thenHappens(healthy);
  });

  test('that an instance does not pass ends the deployment', () => {
    const failed = accepted(
      decideDeployment({ type: 'RecordHealth', ...record, healthy: false, detail: '503' }, after(...checking)),
    );
    expect(failed).toMatchObject([
      { type: 'HealthChecked', healthy: false },
      {
        type: 'DeploymentFailed',
        step: 'check-health',
        error: {
          code: 'health/unhealthy',
          message: 'It did not become healthy: 503, after 3 checks in 900 ms.',
        },
      },
    ]);
    expect(after(...checking, ...failed)).toMatchObject({ ending: 'failed', healthy: false });
  });
});

describe('a promotion', () => {
  test('is written down after the environment said it', () => {
    given(...deploying.promoting)
      .when({ type: 'RecordPromoted', fence: fence(7), previous: null, durationMs: 2 })
      .thenHappens(promoted);
  });

  test('is written down once', () => {
    given(...deploying.live)
      .when({ type: 'RecordPromoted', fence: fence(7), previous: null, durationMs: 2 })
      .thenNothing();
  });

  test('under another fence is somebody else’s', () => {
    given(...deploying.promoting)
      .when({ type: 'RecordPromoted', fence: fence(6), previous: null, durationMs: 2 })
      .thenRejected('StaleFence');
  });

  test('that fails for good ends nothing before the traffic is back', () => {
    const of = { attempt: 1, key: key('d-1-promote-1'), now: at(0), policy: defaultPolicy.promote };
    const failed = accepted(
      decideDeployment(
        { type: 'RecordFailure', step: 'promote', error: permanent, ...of },
        after(...deploying.promoting),
      ),
    );
    expect(failed).toMatchObject([{ type: 'StepFailed', step: 'promote', retryAt: null }]);
    expect(after(...deploying.promoting, ...failed)).toMatchObject({ ending: null, failing: { step: 'promote' } });
  });

  test('ends with its own failure when the traffic is back', () => {
    given(...failing, begun('restore-traffic', key('d-1-restore-traffic-1')))
      .when({ type: 'RecordRestored', attempt: 1, key: key('d-1-restore-traffic-1') })
      .thenHappens({ type: 'DeploymentFailed', step: 'promote', error: permanent });
  });

  test('that was aborted by the environment alone says that', () => {
    given(...deploying.promoting, begun('restore-traffic', key('d-1-restore-traffic-1')))
      .when({ type: 'RecordRestored', attempt: 1, key: key('d-1-restore-traffic-1') })
      .thenHappens({
        type: 'DeploymentFailed',
        step: 'promote',
        error: { kind: 'permanent', code: 'engine/aborted', message: 'The promotion was aborted.' },
      });
  });

  test('that was called failed, but happened, happened', () => {
    expect(after(...failing, promoted)).toMatchObject({ promoted: true, failing: null, ending: null });
  });
});

describe('one that was live', () => {
  test('is retired once', () => {
    const retire = { type: 'Retire', by: d2, key: key('d-1-start-1') } as const;
    const retired = [
      { type: 'Retired', by: d2 },
      { type: 'InstanceStopped', key: key('d-1-start-1') },
    ] as const;
    given(...deploying.live)
      .when(retire)
      .thenHappens(...retired);
    given(...deploying.live, ...retired)
      .when(retire)
      .thenNothing();
  });
});

describe('a failure', () => {
  const building = [...deploying.inSlot, begun('build', key('d-1-build-1'))];
  const of = {
    step: 'build',
    attempt: 1,
    key: key('d-1-build-1'),
    now: at(1_000),
    policy: defaultPolicy.build,
  } as const;

  test('that may pass is tried again after a pause', () => {
    given(...building)
      .when({ type: 'RecordFailure', ...of, error: transient })
      .thenHappens({
        type: 'StepFailed',
        step: 'build',
        attempt: 1,
        key: key('d-1-build-1'),
        error: transient,
        retryAt: at(1_000 + defaultPolicy.build.backoffMs),
      });
  });

  test('that will not pass ends the deployment', () => {
    given(...building)
      .when({ type: 'RecordFailure', ...of, error: permanent })
      .thenHappens(
        { type: 'StepFailed', step: 'build', attempt: 1, key: key('d-1-build-1'), error: permanent, retryAt: null },
        { type: 'DeploymentFailed', step: 'build', error: permanent },
      );
  });

  test('that comes too often ends the deployment', () => {
    const policy = { ...defaultPolicy.build, attemptsMax: 1 };
    const failed = accepted(
      decideDeployment({ type: 'RecordFailure', ...of, policy, error: transient }, after(...building)),
    );
    expect(failed).toMatchObject([
      { type: 'StepFailed', retryAt: null },
      { type: 'DeploymentFailed', step: 'build' },
    ]);
  });

  test('of an attempt that is over is not believed', () => {
    given(...deploying.withImage)
      .when({ type: 'RecordFailure', ...of, error: permanent })
      .thenRejected('StaleOutcome');
  });

  test('of putting traffic back is tried again for ever, whatever its kind', () => {
    const restoring = [...failing, begun('restore-traffic', key('d-1-restore-traffic-1'))];
    const policy = defaultPolicy['restore-traffic'];
    const record = { step: 'restore-traffic', attempt: 1, key: key('d-1-restore-traffic-1') } as const;
    const failed = accepted(
      decideDeployment({ type: 'RecordFailure', ...record, now: at(0), policy, error: permanent }, after(...restoring)),
    );
    expect(failed).toMatchObject([{ type: 'StepFailed', retryAt: policy.backoffMs }]);
  });

  test('of cleaning up changes no outcome', () => {
    const stopping = [
      ...deploying.starting,
      { type: 'Cancelled' } as const,
      begun('stop-instance', key('d-1-start-1')),
    ];
    const policy = { ...defaultPolicy['stop-instance'], attemptsMax: 1 };
    const record = { step: 'stop-instance', attempt: 1, key: key('d-1-start-1') } as const;
    const failed = accepted(
      decideDeployment({ type: 'RecordFailure', ...record, now: at(0), policy, error: transient }, after(...stopping)),
    );
    expect(failed).toMatchObject([{ type: 'StepFailed', retryAt: null }]);
    expect(after(...stopping, ...failed)).toMatchObject({ ending: 'cancelled', givenUp: ['d-1-start-1'] });
  });
});

describe('patience', () => {
  test.each(EffectName.options)('with %s ends, unless traffic would be left in doubt', (step) => {
    const { deadlineMs, attemptsMax, backoffMs: first, backoffMaxMs } = defaultPolicy[step];
    expect(deadlineMs).toBeGreaterThanOrEqual(30_000);
    expect(first).toBeGreaterThan(0);
    expect(backoffMaxMs).toBeGreaterThan(first);
    if (step === 'restore-traffic') expect(attemptsMax).toBeNull();
    else expect(attemptsMax).toBeGreaterThan(5);
  });

  test('outlasts the longest drain, stop and health check that a workload may ask for', () => {
    const { drainMs, stopGraceMs, health } = RunSpec.shape;
    const longest = 3_600_000;
    for (const limit of [drainMs, stopGraceMs, health.shape.withinMs]) expect(limit.maxValue).toBe(longest);
    expect(defaultPolicy['check-health'].deadlineMs).toBeGreaterThan(longest);
    expect(defaultPolicy['stop-instance'].deadlineMs).toBeGreaterThan(longest);
    expect(defaultPolicy['retire-previous'].deadlineMs).toBeGreaterThan(2 * longest);
  });
});

describe('the pause between attempts', () => {
  test('doubles up to its limit and never overflows', () => {
    const policy = { deadlineMs: 1, attemptsMax: null, backoffMs: 100, backoffMaxMs: 1_500 };
    const attempts = [1, 2, 3, 4, 5, 6, 1_000];
    expect(attempts.map((attempt) => backoffMs(policy, attempt))).toEqual([100, 200, 400, 800, 1_500, 1_500, 1_500]);
  });
});
