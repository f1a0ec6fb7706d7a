/** A law that cannot be broken is none: for each, an event that breaks it, and one that does not. */
import {
  type DeploymentEvent,
  DeploymentId,
  type EnvironmentEvent,
  evolveDeployment,
  evolveEnvironment,
  Fence,
  initialDeployment,
  initialEnvironment,
  type Source,
  StepKey,
} from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deploymentLaws, environmentLaws } from '../src/arbitraries/walk/laws.ts';

const one = <A>(arbitrary: fc.Arbitrary<A>, seed = 1): A => {
  const [made] = fc.sample(arbitrary, { seed, numRuns: 1 });
  if (made === undefined) throw new Error('nothing was made');
  return made;
};

const events = some.deploymentEvents;
const commitA = one(some.commitId.filter((commit) => commit.startsWith('a')));
const commitB = one(some.commitId.filter((commit) => commit.startsWith('b')));
const image = one(some.image);
const other = one(some.image.filter(({ digest }) => digest !== image.digest));
const source: Source = { ...one(some.sources.commit), commit: commitA } as Source;
const deploy = { ...one(events.DeploymentRequested), source };
const rollback = (accept = false, of: Source = source): DeploymentEvent => ({
  ...one(events.RollbackRequested),
  target: { ...one(some.release), source: of, image },
  acceptMovedRef: accept,
});
const atRef = () => one(some.sources.ref);
const ref = one(some.gitRef);
const key = StepKey.parse('d-1-start-1');
const admitted = { type: 'Admitted', fence: Fence.parse(3) } as const;
const started = { ...one(events.InstanceStarted), key };
const healthy = { ...one(events.HealthChecked), healthy: true };
const promoting = { type: 'StepStarted', step: 'promote', attempt: 1, run: 1, key } as const;
const building = { ...promoting, step: 'build' } as const;
const stopping = { ...promoting, step: 'stop-instance' } as const;
const live = { ...one(events.Promoted), fence: Fence.parse(3) };
const failed = one(events.DeploymentFailed);

const facts = { environment: initialEnvironment, route: null };

type Case<Event> = readonly [law: string, before: readonly Event[], broken: Event, kept: Event | null];

const rebuilt = (commit: typeof commitA, movedRef: typeof ref | null) =>
  ({ type: 'RebuildScheduled', commit, reason: 'pruned', movedRef }) as const;

const cases: readonly Case<DeploymentEvent>[] = [
  ['one request', [deploy], deploy, null],
  ['one fence', [deploy, admitted], admitted, building],
  ['one ending, and none after it went live', [deploy, live], failed, null],
  ['nothing begins after the end but tidying up', [deploy, failed], building, stopping],
  ['live in its own stream only after the environment said so', [deploy, admitted], live, null],
  ['promoted only when healthy in this attempt', [deploy, started], promoting, building],
  [
    'reused only when the very digest was found',
    [rollback(), { type: 'ImageProbed', image, finding: 'present' }],
    { type: 'ImageReused', image: other },
    { type: 'ImageReused', image },
  ],
  [
    'reused only when the very digest was found',
    [rollback(), { type: 'ImageProbed', image, finding: 'changed' }],
    { type: 'ImageReused', image },
    null,
  ],
  [
    'pulled for a rollback only the very digest',
    [rollback()],
    { type: 'ImagePulled', image: other, durationMs: 1 },
    { type: 'ImagePulled', image, durationMs: 1 },
  ],
  [
    'rebuilt only with source, at the commit that was live or a moved ref that was accepted',
    [rollback()],
    rebuilt(commitB, null),
    rebuilt(commitA, null),
  ],
  [
    'rebuilt only with source, at the commit that was live or a moved ref that was accepted',
    [rollback(false, atRef())],
    rebuilt(commitB, ref),
    null,
  ],
  [
    'a deploy of a commit builds that commit',
    [deploy],
    { type: 'BuildScheduled', commit: commitB, ref: null },
    { type: 'BuildScheduled', commit: commitA, ref: null },
  ],
  [
    'built at the commit that was scheduled',
    [deploy, { type: 'BuildScheduled', commit: commitA, ref: null }],
    { ...one(events.Built), commit: commitB },
    { ...one(events.Built), commit: commitA },
  ],
];

const d1 = DeploymentId.parse('d-1');
const d2 = DeploymentId.parse('d-2');
const inLine: EnvironmentEvent = { type: 'SlotRequested', deployment: d1, kind: 'deploy', automatic: false };
const second: EnvironmentEvent = { ...inLine, deployment: d2 };
const taken = (deployment: typeof d1, fence: number): EnvironmentEvent => ({
  type: 'SlotTaken',
  deployment,
  fence: Fence.parse(fence),
});
const activated = (deployment: typeof d1, fence: number): EnvironmentEvent => {
  const made = one(some.environmentEvents.Activated);
  return { ...made, release: { ...made.release, deployment, fence: Fence.parse(fence) } };
};
const aborting = (restoreFence: number): EnvironmentEvent => ({
  type: 'SlotAborting',
  deployment: d1,
  fence: Fence.parse(4),
  restoreFence: Fence.parse(restoreFence),
  reason: '',
});
const released: EnvironmentEvent = { type: 'SlotReleased', deployment: d1 };

const slotCases: readonly Case<EnvironmentEvent>[] = [
  ['the fence only grows', [inLine, taken(d1, 4)], taken(d2, 4), taken(d2, 5)],
  ['the fence only grows', [inLine, taken(d1, 4)], aborting(4), aborting(5)],
  ['one holder', [inLine, taken(d1, 4)], taken(d2, 5), null],
  ['live only from the slot, under its very fence', [inLine, taken(d1, 4)], activated(d1, 3), activated(d1, 4)],
  ['live only from the slot, under its very fence', [inLine, taken(d1, 4)], activated(d2, 4), null],
  ['live only from the slot, under its very fence', [inLine, taken(d1, 4), aborting(5)], activated(d1, 4), null],
  ['the traffic is back before an aborted slot is free', [inLine, taken(d1, 4), aborting(5)], released, null],
  ['one turn', [inLine, released], inLine, null],
  ['one turn', [inLine, taken(d1, 4)], inLine, null],
  [
    'no push takes the slot after a rollback, until somebody says go',
    [
      { ...inLine, automatic: true },
      { type: 'AutoDeployHeld', by: d2 },
    ],
    taken(d1, 4),
    taken(d2, 4),
  ],
  [
    'what was asked for first never replaces what was asked for later',
    [inLine, second, taken(d2, 4), activated(d2, 4), taken(d1, 5)],
    activated(d1, 5),
    null,
  ],
];

const holds = <Event>(law: ((event: Event) => boolean) | undefined, event: Event): boolean => {
  if (law === undefined) throw new Error('there is no such law');
  return law(event);
};

describe('the laws of a walk', () => {
  test.each(cases)('can be broken: %s', (name, before, broken, kept) => {
    const state = before.reduce(evolveDeployment, initialDeployment);
    const law = deploymentLaws[name];
    const judged = law && ((event: DeploymentEvent) => law(event, state, facts));
    expect(holds(judged, broken)).toBe(false);
    if (kept !== null) expect(holds(judged, kept)).toBe(true);
  });

  test.each(slotCases)('can be broken: %s', (name, before, broken, kept) => {
    const state = before.reduce(evolveEnvironment, initialEnvironment);
    const law = environmentLaws[name];
    const judged = law && ((event: EnvironmentEvent) => law(event, state, facts));
    expect(holds(judged, broken)).toBe(false);
    if (kept !== null) expect(holds(judged, kept)).toBe(true);
  });

  test('are all among these', () => {
    const named = new Set([...cases, ...slotCases].map(([name]) => name));
    expect([...Object.keys(deploymentLaws), ...Object.keys(environmentLaws)].filter((law) => !named.has(law))).toEqual(
      [],
    );
  });

  test('let an instance that is healthy be promoted', () => {
    const state = [deploy, started, healthy].reduce(evolveDeployment, initialDeployment);
    const law = deploymentLaws['promoted only when healthy in this attempt'];
    expect(law?.(promoting, state, facts)).toBe(true);
  });
});
