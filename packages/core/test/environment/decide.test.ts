import {
  decideEnvironment,
  type EnvironmentEvent,
  evolveEnvironment,
  initialEnvironment,
  PROVEN_MAX,
} from '@recourse/core';
import { scenarios } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import { d1, d2, environmentAfter, fence, instance, key, otherInstance, r1, release } from '../samples.ts';

const { given } = scenarios({ initial: initialEnvironment, evolve: evolveEnvironment, decide: decideEnvironment });

const inLine = (deployment: typeof d1, kind: 'deploy' | 'rollback' = 'deploy'): EnvironmentEvent => ({
  type: 'SlotRequested',
  deployment,
  kind,
  automatic: false,
});
const taken = (deployment: typeof d1, number: number): EnvironmentEvent => ({
  type: 'SlotTaken',
  deployment,
  fence: fence(number),
});
const live = (deployment: typeof d1, number: number, previous: typeof d1 | null = null): EnvironmentEvent => ({
  type: 'Activated',
  release: release(deployment, { fence: fence(number) }),
  key: key(`${deployment}-start-1`),
  instance: deployment === d1 ? instance : otherInstance,
  previous,
  kind: deployment === r1 ? 'rollback' : 'deploy',
});

const admit = (deployment: typeof d1, kind: 'deploy' | 'rollback' = 'deploy') =>
  ({ type: 'Admit', deployment, kind, automatic: false }) as const;

const activate = (deployment: typeof d1, number: number) =>
  ({
    type: 'Activate',
    release: release(deployment, { fence: fence(number) }),
    key: key(`${deployment}-start-1`),
    instance: deployment === d1 ? instance : otherInstance,
    kind: deployment === r1 ? 'rollback' : 'deploy',
  }) as const;

describe('the line', () => {
  const standInLine = (deployment: typeof d1) => ({ ...admit(deployment), type: 'StandInLine' }) as const;

  test('is joined without taking the slot, even if nobody holds it', () => {
    given().when(standInLine(d1)).thenHappens(inLine(d1));
  });

  test('is joined once, and not by one that holds the slot or is over', () => {
    given(inLine(d1)).when(standInLine(d1)).thenNothing();
    given(inLine(d1), taken(d1, 1)).when(standInLine(d1)).thenNothing();
    given(inLine(d1), taken(d1, 1), live(d1, 1)).when(standInLine(d1)).thenNothing();
    given(inLine(d1), { type: 'SlotReleased', deployment: d1 }).when(standInLine(d1)).thenNothing();
  });
});

describe('the slot', () => {
  test('is taken by the first that asks', () => {
    given().when(admit(d1)).thenHappens(inLine(d1), taken(d1, 1));
  });

  test('is not taken twice by one that holds it', () => {
    given(inLine(d1), taken(d1, 1)).when(admit(d1)).thenNothing();
  });

  test('lets the second stand in line', () => {
    given(inLine(d1), taken(d1, 1)).when(admit(d2)).thenHappens(inLine(d2));
  });

  test('lets nobody stand in line twice', () => {
    given(inLine(d1), taken(d1, 1), inLine(d2)).when(admit(d2)).thenNothing();
  });

  test('goes to the one that asks, not to the first in line', () => {
    given(inLine(d1), inLine(d2)).when(admit(d2)).thenHappens(taken(d2, 1));
    expect(environmentAfter(inLine(d1), inLine(d2), taken(d2, 1))).toMatchObject({
      slot: { deployment: d2, order: 2 },
      waiting: [{ deployment: d1 }],
    });
  });

  test('is not held by one that never stood in line, and its fence is used up', () => {
    expect(environmentAfter(taken(d1, 5))).toMatchObject({ fence: 5, slot: null });
  });

  test('goes to the next with a higher fence', () => {
    given(inLine(d1), taken(d1, 1), inLine(d2), { type: 'SlotReleased', deployment: d1 })
      .when(admit(d2))
      .thenHappens(taken(d2, 2));
  });

  test('is free when its holder is live, before the one replaced is retired', () => {
    given(inLine(d1), taken(d1, 1), live(d1, 1)).when(admit(d2)).thenHappens(inLine(d2), taken(d2, 2));
  });

  test('is given back once', () => {
    given(inLine(d1), taken(d1, 1))
      .when({ type: 'Release', deployment: d1 })
      .thenHappens({ type: 'SlotReleased', deployment: d1 });
    given(inLine(d1), taken(d1, 1), { type: 'SlotReleased', deployment: d1 })
      .when({ type: 'Release', deployment: d1 })
      .thenNothing();
  });

  test('is not given back by somebody else', () => {
    given(inLine(d1), taken(d1, 1)).when({ type: 'Release', deployment: d2 }).thenNothing();
    given(inLine(d1)).when({ type: 'Release', deployment: d2 }).thenNothing();
    given(live(d1, 1), live(d2, 2, d1))
      .when({ type: 'Release', deployment: r1 })
      .thenNothing();
    const others = environmentAfter(live(d1, 1), live(d2, 2, d1), inLine(r1), taken(r1, 3));
    const { slot, retiring } = evolveEnvironment(others, { type: 'SlotReleased', deployment: d1 });
    expect([slot, retiring]).toEqual([others.slot, others.retiring]);
  });

  // A worker that slept an hour believes that it still waits. It would supersede whoever asked meanwhile.
  test('is never given again to one that was done', () => {
    given(inLine(d1), taken(d1, 1), { type: 'SlotReleased', deployment: d1 })
      .when(admit(d1))
      .thenRejected('AlreadyEnded', { outcome: 'it had its turn in the environment' });
  });

  test('is never given again to one that is live, or was', () => {
    given(inLine(d1), taken(d1, 1), live(d1, 1)).when(admit(d1)).thenRejected('AlreadyEnded');
    given(inLine(d1), taken(d1, 1), live(d1, 1), inLine(d2), taken(d2, 2), live(d2, 2, d1))
      .when(admit(d1))
      .thenRejected('AlreadyEnded');
  });
});

describe('going live', () => {
  test('is for the holder of that very fence', () => {
    given(inLine(d1), taken(d1, 1)).when(activate(d1, 1)).thenHappens(live(d1, 1));
  });

  test('is said once', () => {
    given(inLine(d1), taken(d1, 1), live(d1, 1)).when(activate(d1, 1)).thenNothing();
  });

  test('is said once, also when another one is live by now', () => {
    given(inLine(d1), taken(d1, 1), live(d1, 1), inLine(d2), taken(d2, 2), live(d2, 2, d1))
      .when(activate(d1, 1))
      .thenNothing();
  });

  test('is refused without the slot', () => {
    given()
      .when(activate(d1, 1))
      .thenRejected('StaleFence', { held: null, shown: fence(1) });
  });

  test('is refused to a stranger who knows the fence', () => {
    given(inLine(d1), taken(d1, 1)).when(activate(d2, 1)).thenRejected('StaleFence');
  });

  test('is refused under an older fence', () => {
    given(inLine(d1), taken(d1, 3))
      .when(activate(d1, 2))
      .thenRejected('StaleFence', { held: fence(3), shown: fence(2) });
  });

  test('is refused once the promotion is aborted', () => {
    given(inLine(d1), taken(d1, 1), aborting).when(activate(d1, 1)).thenRejected('StaleFence');
  });

  test('supersedes only what was asked for before it', () => {
    const state = environmentAfter(inLine(d1), taken(d1, 1), inLine(r1, 'rollback'), inLine(d2), live(d1, 1));
    expect(state.live?.order).toBe(1);
    expect(state.waiting).toMatchObject([
      { deployment: r1, order: 2 },
      { deployment: d2, order: 3 },
    ]);
  });

  test('names whom it replaces', () => {
    given(inLine(d1), taken(d1, 1), live(d1, 1), inLine(d2), taken(d2, 2))
      .when(activate(d2, 2))
      .thenHappens(live(d2, 2, d1));
  });

  test('by a rollback holds automatic deploys back', () => {
    given(inLine(r1, 'rollback'), taken(r1, 1))
      .when(activate(r1, 1))
      .thenHappens(live(r1, 1), { type: 'AutoDeployHeld', by: r1 });
  });

  test('keeps the one replaced in mind until it is retired', () => {
    const replaced = environmentAfter(inLine(d1), taken(d1, 1), live(d1, 1), inLine(d2), taken(d2, 2), live(d2, 2, d1));
    expect(replaced.live?.release.deployment).toBe(d2);
    expect(replaced.retiring).toMatchObject([{ by: d2, previous: { release: { deployment: d1 } } }]);
    expect(evolveEnvironment(replaced, { type: 'SlotReleased', deployment: d2 }).retiring).toEqual([]);
  });
});

const aborting: EnvironmentEvent = {
  type: 'SlotAborting',
  deployment: d1,
  fence: fence(1),
  restoreFence: fence(2),
  reason: 'The router is away.',
};

describe('aborting a promotion', () => {
  const abort = { type: 'Abort', deployment: d1, fence: fence(1), reason: 'The router is away.' } as const;

  test('takes a higher fence for the way back, and does not free the slot', () => {
    given(inLine(d1), taken(d1, 1)).when(abort).thenHappens(aborting);
    expect(environmentAfter(inLine(d1), taken(d1, 1), aborting).slot).toMatchObject({ phase: 'aborting', fence: 1 });
  });

  test('is said once', () => {
    given(inLine(d1), taken(d1, 1), aborting).when(abort).thenNothing();
  });

  test('is too late when it is live', () => {
    given(inLine(d1), taken(d1, 1), live(d1, 1)).when(abort).thenRejected('StaleFence');
  });

  test('is for the holder of that very fence', () => {
    given(inLine(d1), taken(d1, 3)).when(abort).thenRejected('StaleFence');
    given(inLine(d2), taken(d2, 1)).when(abort).thenRejected('StaleFence');
  });

  test('lets the next one act under a fence above the way back', () => {
    given(inLine(d1), taken(d1, 1), aborting, { type: 'SlotReleased', deployment: d1 })
      .when(admit(d2))
      .thenHappens(inLine(d2), taken(d2, 3));
  });

  test('moves what is live to the fence of the way back', () => {
    const second = { ...aborting, deployment: d2, fence: fence(2), restoreFence: fence(3) } as EnvironmentEvent;
    const state = environmentAfter(inLine(d1), taken(d1, 1), live(d1, 1), inLine(d2), taken(d2, 2), second);
    expect(state.live).toMatchObject({ release: { deployment: d1, fence: 1 }, routeFence: 3 });
  });
});

describe('automatic deploys', () => {
  test('go on when somebody says go', () => {
    given({ type: 'AutoDeployHeld', by: r1 })
      .when({ type: 'ResumeAutoDeploy', actor: 'ada' })
      .thenHappens({ type: 'AutoDeployResumed', actor: 'ada' });
    const resumed = environmentAfter({ type: 'AutoDeployHeld', by: r1 }, { type: 'AutoDeployResumed', actor: 'ada' });
    expect(resumed.heldBy).toBeNull();
  });

  test('need no word when nothing holds them', () => {
    given().when({ type: 'ResumeAutoDeploy', actor: 'ada' }).thenNothing();
  });
});

describe('an environment with a long history', () => {
  test('remembers a bounded number of releases, the newest', () => {
    const many = Array.from({ length: PROVEN_MAX + 5 }, (_, index) => live(d1, index + 1));
    const { proven } = environmentAfter(...many);
    expect(proven).toHaveLength(PROVEN_MAX);
    expect(proven.at(-1)?.fence).toBe(PROVEN_MAX + 5);
  });

  test('remembers a bounded number of those that are done', () => {
    const many = Array.from({ length: 500 }, (): EnvironmentEvent => ({ type: 'SlotReleased', deployment: d1 }));
    expect(environmentAfter(...many).released).toHaveLength(100);
  });
});
