/** What is asked of the rule: by itself, for any plans; and with the core, wherever an environment can come to. */
import {
  type Deployment,
  type DeploymentCommand,
  DeploymentId,
  type DeploymentRequest,
  decideDeployment,
  defaultPolicy,
  EnvironmentId,
  evolveDeployment,
  Fence,
  type Finding,
  Instant,
  initialDeployment,
  initialEnvironment,
  planRollback,
  type Release,
  type RollbackPlan,
  StepKey,
} from '@recourse/core';
import { scenarios, some, walk } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBuilt, mustCancel, type Watch, wayBack } from '../night-shift.ts';

const environment = EnvironmentId.parse('shop');

/** What the library would do: nothing, if it refuses. */
const planned = (release: Release, finding: Finding): readonly RollbackPlan[] => {
  const asked = { environment, state: initialEnvironment, durations: [], finding, acceptMovedRef: false } as const;
  const plan = planRollback({ ...asked, configMode: 'then' }, release);
  return plan._tag === 'Right' ? [plan.right] : [];
};

const plans = fc.array(fc.tuple(some.release, some.finding)).map((facts) => facts.flatMap((one) => planned(...one)));

type Rule = typeof wayBack;

const buildsNothingByNight = (rule: Rule) =>
  fc.property(plans, (options) => {
    const way = rule(options, 'night');
    return way?.type !== 'go' || !isBuilt(way.plan);
  });

const leavesNobodyAlone = (rule: Rule) =>
  fc.property(plans, fc.constantFrom<Watch>('day', 'night'), (options, watch) => {
    const way = rule(options, watch);
    return way === null ? options.length === 0 : options.includes(way.plan);
  });

describe('the rule', () => {
  test('builds nothing by night', () => fc.assert(buildsNothingByNight(wayBack)));

  test('leaves nobody without a way back whom the library would give one', () => fc.assert(leavesNobodyAlone(wayBack)));

  test('says by day what the library says', () => {
    fc.assert(fc.property(plans, (options) => wayBack(options, 'day')?.plan === options[0]));
  });

  test('is told apart from a careless one, and from one that is too strict', () => {
    const careless: Rule = ([plan]) => (plan === undefined ? null : { type: 'go', plan });
    const strict: Rule = (options, watch) =>
      wayBack(watch === 'night' ? options.filter((one) => !isBuilt(one)) : options, watch);
    expect(fc.check(buildsNothingByNight(careless)).failed).toBe(true);
    expect(fc.check(leavesNobodyAlone(strict)).failed).toBe(true);
  });
});

/** A deployment after these commands; each has to be accepted. */
const after = (commands: readonly DeploymentCommand[], state: Deployment = initialDeployment): Deployment =>
  commands.reduce((before, command) => {
    const decided = decideDeployment(command, before);
    if (decided._tag === 'Left') throw new Error(decided.left.code);
    return decided.right.reduce(evolveDeployment, before);
  }, state);

const now = Instant.parse(0);

const begin = (step: 'probe-image' | 'build', key: StepKey): DeploymentCommand => ({
  type: 'BeginStep',
  step: { step, attempt: 1, run: 1, key },
  now,
  policy: defaultPolicy[step],
});

const requestOf = ({ target, config, configMode, acceptMovedRef }: RollbackPlan): DeploymentRequest => {
  const what = { target, config, configMode, acceptMovedRef, environment, actor: 'night-shift', reason: null };
  return { type: 'RollbackRequested', deployment: DeploymentId.parse('d-night'), ...what };
};

const { given } = scenarios({ initial: initialDeployment, evolve: evolveDeployment, decide: decideDeployment });

describe('the rule and the core', () => {
  test('what may go by night is on its way without a build, as long as its image stays', () => {
    const key = StepKey.parse('d-night-probe-image-1');
    fc.assert(
      fc.property(fc.array(fc.tuple(some.release, some.finding)), (facts) => {
        const options = facts.flatMap(([release, finding]) =>
          planned(release, finding).map((plan) => ({ plan, finding })),
        );
        const way = wayBack(
          options.map(({ plan }) => plan),
          'night',
        );
        if (way?.type !== 'go') return;
        const finding = options.find(({ plan }) => plan === way.plan)?.finding ?? 'absent';
        const looked = after([
          { type: 'Request', request: requestOf(way.plan) },
          { type: 'RecordAdmitted', fence: Fence.parse(1) },
          begin('probe-image', key),
          { type: 'RecordProbe', key, attempt: 1, finding },
        ]);
        expect(looked.ending).toBeNull();
        expect(looked.acquisition?.type).not.toBe('build');
      }),
    );
  });

  test('no rollback begins a build before the rule could say no', () => {
    let builds = 0;
    fc.assert(
      fc.property(some.walkOptions, (options) => {
        for (const { events, state } of walk(options).world.deployments.values())
          events.forEach((event, index) => {
            if (state.request?.type !== 'RollbackRequested') return;
            if (event.type !== 'StepStarted' || event.step !== 'build') return;
            builds++;
            expect(events.slice(0, index).some((before) => mustCancel(before, 'night'))).toBe(true);
          });
      }),
    );
    expect(builds).toBeGreaterThan(0);
  });

  test('a rollback that turns to building can always be cancelled, and then builds nothing', () => {
    let turned = 0;
    fc.assert(
      fc.property(some.walkOptions, (options) => {
        for (const [id, { events }] of walk(options).world.deployments)
          events.forEach((event, index) => {
            if (!mustCancel(event, 'night')) return;
            turned++;
            const until = events.slice(0, index + 1);
            const why = { actor: 'night-shift', reason: 'nobody watches a build by night' };
            given(...until)
              .when({ type: 'Cancel', ...why })
              .thenHappens({ type: 'CancellationRequested', ...why }, { type: 'Cancelled' });
            const cancelled = after([{ type: 'Cancel', ...why }], until.reduce(evolveDeployment, initialDeployment));
            const build = decideDeployment(begin('build', StepKey.parse(`${id}-build-1`)), cancelled);
            expect(build).toMatchObject({ left: { code: 'AlreadyEnded' } });
          });
      }),
    );
    expect(turned).toBeGreaterThan(0);
  });
});
