import { decideDeployment, evolveDeployment, initialDeployment } from '@recourse/core';
import { scenarios } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import {
  admitted,
  atNothing,
  atRef,
  buildScheduled,
  commit,
  d1,
  deployed,
  deploying,
  fence,
  ready,
  release,
  rolledBack,
} from '../samples.ts';

const { given } = scenarios({ initial: initialDeployment, evolve: evolveDeployment, decide: decideDeployment });
const admit = { type: 'RecordAdmitted', fence: fence(7) } as const;

describe('a deployment that gets the slot', () => {
  test('is built at once, if its commit is known', () => {
    given(deployed()).when(admit).thenHappens(admitted, buildScheduled);
  });

  test('first has to find out what its ref means', () => {
    given(deployed({ source: atRef }))
      .when(admit)
      .thenHappens(admitted);
  });

  test('first has to find out what its image reference means', () => {
    given(deployed({ source: ready }))
      .when(admit)
      .thenHappens(admitted);
  });

  test('gets it once: the same news again changes nothing', () => {
    given(deployed(), admitted, buildScheduled).when(admit).thenNothing();
  });

  test('never gets a second fence', () => {
    given(...deploying.inSlot)
      .when({ type: 'RecordAdmitted', fence: fence(9) })
      .thenRejected('StaleFence');
  });

  test('does not begin again when it is live', () => {
    given(...deploying.live)
      .when({ type: 'RecordAdmitted', fence: fence(9) })
      .thenNothing();
  });

  test('does not begin again when it has ended', () => {
    given(deployed(), { type: 'Cancelled' }).when(admit).thenNothing();
  });
});

describe('a rollback that gets the slot', () => {
  test('first looks for the image', () => {
    given(rolledBack(release(d1)))
      .when(admit)
      .thenHappens(admitted);
  });

  test('is rebuilt at once, if the image cannot run by itself', () => {
    given(rolledBack(release(d1, { runnable: false })))
      .when(admit)
      .thenHappens(admitted, { type: 'RebuildScheduled', commit, reason: 'not-runnable', movedRef: null });
  });

  test('first has to find out what a ref means, if that was accepted', () => {
    const target = release(d1, { runnable: false, source: atRef });
    given(rolledBack(target, { acceptMovedRef: true }))
      .when(admit)
      .thenHappens(admitted);
  });

  // It would hold the slot for ever, with nothing left to do.
  test.each([
    ['no source', ready, 'there is no source'],
    ['a source that names nothing', atNothing, 'there is no source'],
    ['a ref that nobody accepted', atRef, 'no commit'],
  ])('ends at once with %s and an image that cannot run', (_name, source, words) => {
    const state = [rolledBack(release(d1, { runnable: false, source }))].reduce(evolveDeployment, initialDeployment);
    expect(decideDeployment(admit, state)).toMatchObject({
      right: [admitted, { type: 'DeploymentFailed', step: null, error: { code: 'NoWayBack' } }],
    });
    expect(JSON.stringify(decideDeployment(admit, state))).toContain(words);
  });
});
