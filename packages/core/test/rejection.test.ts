import { type Rejection, renderRejection } from '@recourse/core';
import { describe, expect, test } from 'vitest';
import { commit, d1, d2, digest, fence, otherCommit, otherDigest, shop } from './samples.ts';

/** One of each code, a second where a fact may be missing. A new code does not compile until it is here. */
const rejections: { [Code in Rejection['code']]: readonly Extract<Rejection, { code: Code }>[] } = {
  InvalidInput: [{ code: 'InvalidInput', field: 'actor', value: '""', problem: 'must name who asked' }],
  CommandReused: [{ code: 'CommandReused', deployment: d1 }],
  DeploymentNotFound: [{ code: 'DeploymentNotFound', deployment: d1 }],
  TargetNotFound: [{ code: 'TargetNotFound', environment: shop, target: d1 }],
  TargetNeverLive: [{ code: 'TargetNeverLive', target: d1 }],
  NothingToRollBackTo: [{ code: 'NothingToRollBackTo', environment: shop }],
  AlreadyLive: [{ code: 'AlreadyLive', target: d1, live: d2 }],
  NoWayBack: [
    { code: 'NoWayBack', target: d1, reason: 'no-source' },
    { code: 'NoWayBack', target: d1, reason: 'moved-ref' },
  ],
  EnvironmentBusy: [{ code: 'EnvironmentBusy', environment: shop, with: d1 }],
  StalePlan: [
    { code: 'StalePlan', planned: d1, live: d2 },
    { code: 'StalePlan', planned: null, live: null },
  ],
  CommitMismatch: [
    { code: 'CommitMismatch', ordered: commit, built: otherCommit },
    { code: 'CommitMismatch', ordered: commit, built: null },
  ],
  DigestMismatch: [{ code: 'DigestMismatch', ordered: digest, pulled: otherDigest }],
  PromotionStarted: [{ code: 'PromotionStarted', deployment: d1 }],
  AlreadyEnded: [{ code: 'AlreadyEnded', deployment: d1, outcome: 'failed' }],
  StaleFence: [
    { code: 'StaleFence', held: fence(8), shown: fence(7) },
    { code: 'StaleFence', held: null, shown: fence(7) },
  ],
  StaleOutcome: [{ code: 'StaleOutcome', step: 'build', attempt: 2 }],
  NotRequested: [{ code: 'NotRequested' }],
};

const all = Object.values(rejections).flat();

describe('a refusal', () => {
  test.each(all.map((rejection) => ({ rejection, code: rejection.code })))(
    '$code says what is wrong and what can be done',
    ({ rejection }) => {
      const { message, remedy } = renderRejection(rejection);
      for (const text of [message, remedy]) {
        expect(text).toMatch(/[.]$/);
        expect(text.length).toBeGreaterThan(15);
        expect(text).not.toMatch(/undefined|null|NaN|\[object/);
      }
    },
  );

  test.each(all.map((rejection) => ({ rejection, code: rejection.code })))('$code tells its facts', ({ rejection }) => {
    const { message, remedy } = renderRejection(rejection);
    const { code: _, ...facts } = rejection;
    const told = Object.entries(facts).filter(([name, fact]) => fact !== null && name !== 'reason');
    for (const [, fact] of told) expect(`${message} ${remedy}`).toContain(String(fact));
  });

  test.each<[string, Rejection]>([
    ['while nothing was live; now nothing is', { code: 'StalePlan', planned: null, live: null }],
    ['but the image says no commit.', { code: 'CommitMismatch', ordered: commit, built: null }],
    ['(nobody does)', { code: 'StaleFence', held: null, shown: fence(7) }],
  ])('says %j where a fact is missing', (words, rejection) => {
    expect(renderRejection(rejection).message).toContain(words);
  });

  test('of a moved ref names the way to accept it', () => {
    expect(renderRejection({ code: 'NoWayBack', target: d1, reason: 'moved-ref' }).remedy).toContain('acceptMovedRef');
  });
});
