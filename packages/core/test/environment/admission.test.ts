import {
  type Candidate,
  type DeploymentId,
  type Environment,
  initialEnvironment,
  type Live,
  type Slot,
  turnOf,
} from '@recourse/core';
import { describe, expect, test } from 'vitest';
import { d1, d2, d3, fence, instance, key, r1, r2, release } from '../samples.ts';

const candidate = (deployment: DeploymentId, order: number, with_: Partial<Candidate> = {}): Candidate => ({
  deployment,
  kind: deployment.startsWith('r') ? 'rollback' : 'deploy',
  automatic: false,
  order,
  ...with_,
});
const push = { automatic: true } as const;

const holding = (one: Candidate): Slot => ({ ...one, fence: fence(5), phase: 'taken' });
const aborting = (one: Candidate): Slot => ({ ...one, fence: fence(5), phase: 'aborting', restoreFence: fence(6) });
const live = (deployment: DeploymentId, order: number): Live => ({
  release: release(deployment),
  key: key(`${deployment}-start-1`),
  instance,
  order,
  routeFence: fence(1),
});

/** Whose turn is it, when these wait, this one holds the slot, this one is live, and this one holds pushes back? */
const turn = (one: Candidate, facts: Partial<Environment>) => {
  const waiting = facts.waiting ?? [one];
  return turnOf(one, { ...initialEnvironment, ...facts, waiting });
};

describe('a deploy that waits', () => {
  test('has its turn when nobody else is there', () => {
    expect(turn(candidate(d1, 1), {})).toEqual({ type: 'Yours' });
    expect(turn(candidate(d1, 1, push), {})).toEqual({ type: 'Yours' });
  });

  test('stands behind whoever acts', () => {
    expect(turn(candidate(d2, 2), { slot: holding(candidate(d1, 1)) })).toEqual({ type: 'Behind', holder: d1 });
  });

  test('gives way to a newer one that waits', () => {
    const waiting = [candidate(d1, 1), candidate(d2, 2)];
    expect(turn(candidate(d1, 1), { waiting })).toEqual({ type: 'Superseded', by: d2 });
    expect(turn(candidate(d2, 2), { waiting })).toEqual({ type: 'Yours' });
  });

  test('gives way to a newer one that acts', () => {
    expect(turn(candidate(d1, 1), { slot: holding(candidate(d2, 2)) })).toEqual({ type: 'Superseded', by: d2 });
  });

  test('gives way to whatever is live and was asked later', () => {
    expect(turn(candidate(d1, 1), { live: live(d2, 2) })).toEqual({ type: 'Superseded', by: d2 });
    expect(turn(candidate(d1, 1), { live: live(r1, 2) })).toEqual({ type: 'Superseded', by: r1 });
  });

  test('has its turn after what is live and was asked before', () => {
    expect(turn(candidate(d2, 2), { live: live(d1, 1) })).toEqual({ type: 'Yours' });
  });

  test('stands behind a rollback that waits, whoever asked first', () => {
    const waiting = [candidate(d1, 1), candidate(r1, 2)];
    expect(turn(candidate(d1, 1), { waiting })).toEqual({ type: 'Behind', holder: r1 });
    expect(turn(candidate(d1, 3), { waiting: [candidate(r1, 2), candidate(d1, 3)] })).toEqual({
      type: 'Behind',
      holder: r1,
    });
  });

  test('is not superseded by a rollback that may still fail', () => {
    expect(turn(candidate(d1, 1), { slot: holding(candidate(r1, 2)) })).toEqual({ type: 'Behind', holder: r1 });
  });
});

describe('a rollback that waits', () => {
  test('asks an older deploy to give way', () => {
    expect(turn(candidate(r1, 2), { slot: holding(candidate(d1, 1)) })).toEqual({ type: 'Preempt', holder: d1 });
  });

  test('waits for one that is being put back already', () => {
    expect(turn(candidate(r1, 2), { slot: aborting(candidate(d1, 1)) })).toEqual({ type: 'Behind', holder: d1 });
  });

  test('waits for a newer deploy that acts', () => {
    expect(turn(candidate(r1, 2), { slot: holding(candidate(d1, 3)) })).toEqual({ type: 'Behind', holder: d1 });
  });

  test('asks an older rollback to give way', () => {
    expect(turn(candidate(r2, 2), { slot: holding(candidate(r1, 1)) })).toEqual({ type: 'Preempt', holder: r1 });
  });

  test('goes ahead of every deploy that waits', () => {
    const waiting = [candidate(d1, 1), candidate(r1, 2), candidate(d2, 3)];
    expect(turn(candidate(r1, 2), { waiting })).toEqual({ type: 'Yours' });
  });

  test('gives way to a newer rollback', () => {
    const waiting = [candidate(r1, 1), candidate(r2, 2)];
    expect(turn(candidate(r1, 1), { waiting })).toEqual({ type: 'Superseded', by: r2 });
    expect(turn(candidate(r2, 2), { waiting })).toEqual({ type: 'Yours' });
  });

  test('that is superseded itself holds up no deploy', () => {
    const waiting = [candidate(r1, 1), candidate(d1, 3)];
    expect(turn(candidate(d1, 3), { waiting, live: live(d2, 2) })).toEqual({ type: 'Yours' });
  });

  test('does not wait for automatic deploys that are held', () => {
    expect(turn(candidate(r1, 2), { heldBy: r2 })).toEqual({ type: 'Yours' });
  });
});

describe('after a rollback', () => {
  test('a push waits until somebody says go', () => {
    expect(turn(candidate(d1, 3, push), { heldBy: r1, live: live(r1, 2) })).toEqual({ type: 'Held', by: r1 });
  });

  test('a deploy that somebody asked for does not wait', () => {
    expect(turn(candidate(d1, 3), { heldBy: r1, live: live(r1, 2) })).toEqual({ type: 'Yours' });
  });

  test('a push that waits supersedes no deploy that somebody asked for', () => {
    const waiting = [candidate(d1, 3), candidate(d2, 4, push)];
    expect(turn(candidate(d1, 3), { waiting, heldBy: r1, live: live(r1, 2) })).toEqual({ type: 'Yours' });
  });

  test('a push gives way to a newer push, though both wait', () => {
    const waiting = [candidate(d1, 3, push), candidate(d2, 4, push)];
    expect(turn(candidate(d1, 3, push), { waiting, heldBy: r1 })).toEqual({ type: 'Superseded', by: d2 });
  });

  test('a push gives way to a newer deploy that somebody asked for', () => {
    const waiting = [candidate(d1, 3, push), candidate(d2, 4)];
    expect(turn(candidate(d1, 3, push), { waiting, heldBy: r1 })).toEqual({ type: 'Superseded', by: d2 });
  });
});

describe('while a rollback is on its way', () => {
  const asked = candidate(d1, 3);
  const pushed = candidate(d2, 4, push);

  // When the rollback is live the push is held: the deploy would have been thrown away for one that does not come.
  test('a push supersedes no deploy that somebody asked for', () => {
    const waiting = [asked, pushed];
    expect(turn(asked, { waiting, slot: holding(candidate(r1, 2)) })).toEqual({ type: 'Behind', holder: r1 });
    expect(turn(asked, { waiting: [candidate(r1, 2), ...waiting] })).toEqual({ type: 'Behind', holder: r1 });
  });

  test('a deploy that somebody asked for supersedes an older one all the same', () => {
    const newer = candidate(d3, 5);
    expect(turn(asked, { waiting: [asked, newer], slot: holding(candidate(r1, 2)) })).toEqual({
      type: 'Superseded',
      by: d3,
    });
  });

  test('once it failed, the newer push wins again', () => {
    expect(turn(asked, { waiting: [asked, pushed] })).toEqual({ type: 'Superseded', by: d2 });
  });
});
