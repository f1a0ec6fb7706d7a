import {
  type DeploymentEvent,
  type Environment,
  type EnvironmentEvent,
  initialEnvironment,
  next,
  type Step,
} from '@recourse/core';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  after,
  at,
  atRef,
  begun,
  built,
  commit,
  config,
  d1,
  d2,
  deployed,
  deploying,
  environmentAfter,
  fence,
  image,
  instance,
  key,
  main,
  otherCommit,
  otherInstance,
  permanent,
  probed,
  r1,
  ready,
  release,
  reused,
  rolledBack,
  started,
  transient,
  workload,
} from '../samples.ts';

const inLine = (
  deployment: typeof d1,
  kind: 'deploy' | 'rollback' = 'deploy',
  automatic = false,
): EnvironmentEvent => ({
  type: 'SlotRequested',
  deployment,
  kind,
  automatic,
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
  instance: deployment === d1 ? instance : otherInstance,
  previous: null,
  kind: 'deploy',
});

/** The slot is this deployment's, under the fence of `admitted`. */
const mine = (deployment = d1): Environment => ({
  ...environmentAfter(inLine(deployment), taken(deployment, 7)),
});
const owed = (events: readonly DeploymentEvent[], environment: Environment = mine(), now = 0): Step =>
  next(after(...events), environment, at(now));

const failedStep = (step: 'build' | 'start' | 'promote', retryAt: number | null): DeploymentEvent => ({
  type: 'StepFailed',
  step,
  attempt: 1,
  key: key(`d-1-${step}-1`),
  error: retryAt === null ? permanent : transient,
  retryAt: retryAt === null ? null : at(retryAt),
});

describe('what is owed to a deploy', () => {
  test('that nobody requested: nothing', () => {
    expect(owed([])).toEqual({ type: 'Done' });
  });

  test('that was just requested: a place in line', () => {
    expect(owed([deployed()], initialEnvironment)).toEqual({ type: 'Admit' });
  });

  test('whose slot was taken, which its own stream does not say yet: to write that down', () => {
    expect(owed([deployed()])).toEqual({ type: 'Admit' });
  });

  test('that holds no slot any more, whatever it has: to ask for it', () => {
    expect(owed(deploying.inSlot, environmentAfter(inLine(d2), taken(d2, 8)))).toEqual({ type: 'Admit' });
  });

  test('that is the newest in line: its turn', () => {
    expect(owed([deployed({ deployment: d2 })], environmentAfter(inLine(d1), inLine(d2)))).toEqual({ type: 'Admit' });
  });

  test('that waits behind another: to wait until that one is done', () => {
    const environment = environmentAfter(inLine(d2), taken(d2, 1), inLine(d1));
    expect(owed([deployed()], environment)).toEqual({ type: 'Wait', until: null, behind: d2 });
  });

  test('that waits while automatic deploys are held: to wait until somebody says go', () => {
    const environment = environmentAfter({ type: 'AutoDeployHeld', by: r1 }, inLine(d1, 'deploy', true));
    expect(owed([deployed({ trigger: 'push' })], environment)).toEqual({ type: 'Wait', until: null, behind: null });
  });

  test('that a newer one made pointless: to end', () => {
    const environment = environmentAfter(inLine(d1), inLine(d2));
    expect(owed([deployed()], environment)).toEqual({ type: 'Supersede', by: d2 });
  });

  test('of a commit: its build', () => {
    expect(owed(deploying.inSlot)).toEqual({
      type: 'Build',
      effect: 'build',
      attempt: 1,
      run: 1,
      key: 'd-1-build-1',
      source: deployed().source,
      commit,
      inputs: workload.build,
    });
  });

  test('of a ref: to find out what it means, then the build of that', () => {
    const atMain = deployed({ source: atRef });
    const key = 'd-1-resolve-source-1';
    expect(owed([atMain, admitted])).toMatchObject({ type: 'ResolveSource', key, source: atRef });
    expect(owed([atMain, admitted, { type: 'BuildScheduled', commit: otherCommit, ref: main }])).toMatchObject({
      type: 'Build',
      commit: otherCommit,
    });
  });

  test('of an image: to fetch it', () => {
    expect(owed([deployed({ source: ready }), admitted])).toMatchObject({
      type: 'PullImage',
      key: 'd-1-pull-image-1',
      image: 'shop:v1',
    });
  });

  test('that has its image: a start, with the configuration it was asked for', () => {
    expect(owed(deploying.withImage)).toMatchObject({
      type: 'Start',
      key: 'd-1-start-1',
      image,
      spec: workload.run,
      config,
    });
  });

  test('that runs: to be asked whether it is healthy', () => {
    expect(owed(deploying.running)).toMatchObject({
      type: 'CheckHealth',
      key: 'd-1-check-health-1',
      instanceKey: 'd-1-start-1',
      address: instance.address,
    });
  });

  test('that is healthy: the traffic', () => {
    expect(owed(deploying.serving)).toMatchObject({
      type: 'Promote',
      key: 'd-1-promote-1',
      instance,
      instanceKey: 'd-1-start-1',
      release: { deployment: d1, origin: d1, fence: 7, image, source: { commit } },
    });
  });
});

describe('what is owed to a rollback', () => {
  const target = release(d1, { source: atRef });

  test('a look for the image', () => {
    expect(owed([rolledBack(release(d1)), admitted], mine(r1))).toMatchObject({
      type: 'ProbeImage',
      key: 'r-1-probe-image-1',
      image,
    });
  });

  test('a pull, if a registry has it', () => {
    expect(owed([rolledBack(release(d1)), admitted, probed('in-registry')], mine(r1))).toMatchObject({
      type: 'PullImage',
      key: 'r-1-pull-image-1',
      image,
    });
  });

  test('a start, with the workload and configuration of the release as it was', () => {
    const events = [rolledBack(release(d1)), admitted, probed('present'), reused];
    expect(owed(events, mine(r1))).toMatchObject({ type: 'Start', image, spec: workload.run, config });
  });

  test('to find out what its ref means today, if the image is lost and that was accepted', () => {
    const events = [rolledBack(target, { acceptMovedRef: true }), admitted, probed('absent')];
    const step = { type: 'ResolveSource', key: 'r-1-resolve-source-1', source: atRef };
    expect(owed(events, mine(r1))).toMatchObject(step);
  });

  // The decision is written together with the finding, so this stream was cut short by somebody.
  test.each([release(d1), target])('nothing, if it was looked for and nobody wrote what follows', (lost) => {
    const findings = lost === target ? (['present', 'absent'] as const) : (['present', 'absent', 'changed'] as const);
    for (const finding of findings)
      expect(owed([rolledBack(lost), admitted, probed(finding)], mine(r1))).toEqual({ type: 'Done' });
  });

  test('the release of its target: the same origin, the proven commit', () => {
    const events = [rolledBack(release(d1)), admitted, probed('present'), reused];
    const running = { ...started, key: key('r-1-start-1') } as DeploymentEvent;
    const serving = [...events, running, deploying.serving.at(-1) ?? admitted];
    expect(owed(serving, mine(r1))).toMatchObject({ release: { deployment: r1, origin: d1, source: { commit } } });
  });

  test('another release, if it was rebuilt at what a ref means today', () => {
    const moved = { type: 'RebuildScheduled', commit: otherCommit, reason: 'pruned', movedRef: main } as const;
    const other = { ...built, commit: otherCommit } as DeploymentEvent;
    const events = [rolledBack(target, { acceptMovedRef: true }), admitted, probed('absent'), moved, other];
    const serving = [...events, started, deploying.serving.at(-1) ?? admitted];
    expect(owed(serving, mine(r1))).toMatchObject({
      release: { deployment: r1, origin: r1, source: { commit: otherCommit, ref: main } },
    });
  });

  test('to ask an older deploy to give way', () => {
    const environment = environmentAfter(inLine(d2), taken(d2, 1), inLine(r1, 'rollback'));
    expect(owed([rolledBack(release(d1))], environment)).toEqual({ type: 'Preempt', holder: d2 });
  });
});

describe('after a failure', () => {
  test('it waits before it tries again', () => {
    const events = [...deploying.inSlot, failedStep('build', 500)];
    expect(owed(events, mine(), 499)).toEqual({ type: 'Wait', until: 500, behind: null });
    expect(owed(events, mine(), 500)).toMatchObject({ type: 'Build', attempt: 2, run: 1, key: 'd-1-build-2' });
  });

  test('what was started is stopped before another one is', () => {
    const events = [...deploying.starting, failedStep('start', 500)];
    expect(owed(events, mine(), 500)).toMatchObject({ type: 'StopInstance', key: 'd-1-start-1', graceMs: 10_000 });
    const stopped = { type: 'InstanceStopped', key: key('d-1-start-1') } as const;
    expect(owed([...events, stopped], mine(), 500)).toMatchObject({ type: 'Start', key: 'd-1-start-2' });
  });

  test('what could not be stopped is left, and does not hide what still can be', () => {
    const failedStop = { ...failedStep('start', null), step: 'stop-instance' } as DeploymentEvent;
    const events = [...deploying.starting, failedStep('start', 0), failedStop];
    expect(owed(events)).toMatchObject({ type: 'Start', key: 'd-1-start-2' });
    const again = [...events, begun('start', key('d-1-start-2'), 2), { ...failedStep('start', 0), attempt: 2 }];
    expect(owed(again as readonly DeploymentEvent[])).toMatchObject({ type: 'StopInstance', key: 'd-1-start-2' });
  });

  test('of a worker, the next one takes the step up under the same key', () => {
    expect(owed([...deploying.inSlot, begun('build', key('d-1-build-1'))])).toMatchObject({
      attempt: 1,
      run: 2,
      key: 'd-1-build-1',
    });
    expect(owed(deploying.starting)).toMatchObject({ type: 'Start', attempt: 1, run: 2, key: 'd-1-start-1' });
  });

  test('of a worker that was at another instance, this one is stopped for the first time', () => {
    const second = [begun('start', key('d-1-start-2'), 2), begun('stop-instance', key('d-1-start-2'))];
    expect(owed([...deploying.starting, { type: 'Cancelled' }, ...second])).toMatchObject({
      type: 'StopInstance',
      run: 1,
      key: 'd-1-start-1',
    });
  });

  test('of the promotion, the environment says so first, then the traffic goes back', () => {
    const failing = [...deploying.promoting, failedStep('promote', null)];
    expect(owed(failing)).toEqual({ type: 'AbortPromotion', fence: 7 });
    const aborting: EnvironmentEvent = {
      type: 'SlotAborting',
      deployment: d1,
      fence: fence(7),
      restoreFence: fence(8),
      reason: '',
    };
    const first = environmentAfter(inLine(d1), taken(d1, 7), aborting);
    expect(owed(failing, first)).toMatchObject({
      type: 'RestoreTraffic',
      key: 'd-1-restore-traffic-1',
      upstream: null,
      fence: 8,
    });
    expect(owed(deploying.promoting, first)).toMatchObject({ type: 'RestoreTraffic' });
    const second = environmentAfter(inLine(d2), taken(d2, 1), live(d2, 1), inLine(d1), taken(d1, 7), aborting);
    expect(owed(failing, second)).toMatchObject({ type: 'RestoreTraffic', upstream: otherInstance, fence: 8 });
  });
});

describe('after the end', () => {
  const cancelled = [...deploying.starting, { type: 'Cancelled' }] as const;

  test('what was begun is stopped, then the slot is free', () => {
    const step = { type: 'StopInstance', effect: 'stop-instance', key: 'd-1-start-1' };
    expect(owed(cancelled)).toMatchObject(step);
    const stopped = [...cancelled, { type: 'InstanceStopped', key: key('d-1-start-1') }] as const;
    expect(owed(stopped)).toEqual({ type: 'ReleaseSlot' });
    expect(owed(stopped, environmentAfter(inLine(d1), taken(d1, 7), { type: 'SlotReleased', deployment: d1 }))).toEqual(
      {
        type: 'Done',
      },
    );
  });

  test('it does not go live after all, whatever the environment says', () => {
    const environment = environmentAfter(inLine(d1), taken(d1, 7), live(d1, 7));
    expect(owed(cancelled, environment)).toMatchObject({ type: 'StopInstance' });
  });

  test('a place in line is given back', () => {
    expect(owed([deployed(), { type: 'Cancelled' }], environmentAfter(inLine(d1)))).toEqual({ type: 'ReleaseSlot' });
  });

  test('what could not be stopped is left to the reaper', () => {
    const givenUp = { ...failedStep('start', null), step: 'stop-instance' } as DeploymentEvent;
    expect(owed([...cancelled, givenUp])).toEqual({ type: 'ReleaseSlot' });
  });
});

describe('when it is live', () => {
  const replacing = environmentAfter(inLine(d2), taken(d2, 1), live(d2, 1), inLine(d1), taken(d1, 7), live(d1, 7));

  test('its own stream is told first', () => {
    expect(owed(deploying.promoting, replacing)).toEqual({ type: 'Activate', fence: 7, previous: d2 });
  });

  test('its own stream is told, also when it was called failed meanwhile', () => {
    expect(owed([...deploying.promoting, failedStep('promote', null)], replacing)).toMatchObject({ type: 'Activate' });
  });

  // It would stand in line again, as the newest, and go live over the one that replaced it.
  test('its own stream is told, also when another one is live by now', () => {
    const replaced = environmentAfter(inLine(d1), taken(d1, 7), live(d1, 7), inLine(d2), taken(d2, 8), live(d2, 8));
    expect(owed(deploying.promoting, replaced)).toEqual({ type: 'Activate', fence: 7, previous: null });
    const retired = [...deploying.promoting, { type: 'Retired', by: d2 }] as const;
    expect(owed(retired, { ...replaced, proven: [] })).toMatchObject({ type: 'Activate' });
  });

  test('the one before it retires, then it has nothing left', () => {
    expect(owed(deploying.live, replacing)).toMatchObject({
      type: 'RetirePrevious',
      effect: 'retire-previous',
      key: 'd-2-start-1',
      previous: { release: { deployment: d2 }, instance: otherInstance },
    });
    const released = environmentAfter(
      ...[inLine(d2), taken(d2, 1), live(d2, 1), inLine(d1), taken(d1, 7), live(d1, 7)],
      { type: 'SlotReleased', deployment: d1 },
    );
    expect(owed(deploying.live, released)).toEqual({ type: 'Done' });
  });

  test('a retirement that failed for good is left to the reaper', () => {
    const givenUp: DeploymentEvent = {
      type: 'StepFailed',
      step: 'retire-previous',
      attempt: 6,
      key: key('d-2-start-1'),
      error: transient,
      retryAt: null,
    };
    expect(owed([...deploying.live, givenUp], replacing)).toEqual({ type: 'ReleaseSlot' });
  });
});
