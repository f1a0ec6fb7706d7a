/** What every EventStore owes. A clause may be added in a minor release; an adapter may not opt out of one. */
import { describe, onTestFinished } from 'vitest';
import { contentionClauses } from './event-store/contention.ts';
import { contentClauses } from './event-store/contents.ts';
import { expectationClauses } from './event-store/expectations.ts';
import { failingClauses } from './event-store/failing.ts';
import { hostileClauses } from './event-store/hostile.ts';
import { modelClauses } from './event-store/model.ts';
import { readingClauses } from './event-store/reading.ts';
import { subscribingClauses } from './event-store/subscribing.ts';
import { tortureClauses } from './event-store/torture.ts';
import type { EventStoreUnderTest } from './event-store/under-test.ts';

export type { EventStoreUnderTest } from './event-store/under-test.ts';

export const eventStoreConformance = (adapter: string, open: () => Promise<EventStoreUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as EventStore`, { timeout: 60_000 }, () => {
    describe('expected versions and repetitions', () => expectationClauses(fresh));
    describe('contents', () => contentClauses(fresh));
    describe('hostile contents', () => hostileClauses(fresh));
    describe('reading', () => readingClauses(fresh));
    describe('subscribing', () => subscribingClauses(fresh));
    describe('many at once', () => contentionClauses(fresh));
    describe('out of reach', () => failingClauses(fresh));
    describe('as a whole', () => {
      modelClauses(fresh);
      tortureClauses(fresh);
    });
  });
};
