/**
 * What every WorkQueue owes. It is a hint that is carried, so no clause counts how often one arrives, only that it
 * arrives; and none relies on two wake-ups becoming one, or not.
 */
import { describe, onTestFinished, test } from 'vitest';
import { right } from './outcome.ts';
import { consume, wakeUp } from './work-queue/consuming.ts';
import { deliveringClauses } from './work-queue/delivering.ts';
import { strangeClauses } from './work-queue/strange.ts';
import type { DurableWorkQueueUnderTest, WorkQueueUnderTest } from './work-queue/under-test.ts';
import { workingClauses } from './work-queue/working.ts';

export type { DurableWorkQueueUnderTest, WorkQueueUnderTest } from './work-queue/under-test.ts';

type Open<UnderTest> = () => Promise<UnderTest>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const workQueueConformance = (adapter: string, open: Open<WorkQueueUnderTest>): void => {
  const fresh = () => opened(open);

  describe(`${adapter} as WorkQueue`, { timeout: 60_000 }, () => {
    describe('messages', () => deliveringClauses(fresh));
    describe('handlers', () => workingClauses(fresh));
    describe('the unforeseen', () => strangeClauses(fresh));
  });
};

/** What a queue owes that outlives the processes which use it. */
export const durableWorkQueueConformance = (adapter: string, open: Open<DurableWorkQueueUnderTest>): void => {
  describe(`${adapter} as WorkQueue that outlives its processes`, { timeout: 60_000 }, () => {
    test('a message comes back after the process that handled it died', async () => {
      const { queue, takeAndDie } = await opened(open);
      const message = wakeUp();
      await right(queue.enqueue(message));
      await takeAndDie();
      const { saw } = consume(queue);
      await saw(message);
    });

    test('it comes back to a consumer that was there all the time, and to others meanwhile nothing is lost', async () => {
      const { queue, takeAndDie } = await opened(open);
      const [taken, other] = [wakeUp(), wakeUp()];
      await right(queue.enqueue(taken));
      await takeAndDie();
      const { saw } = consume(queue);
      await right(queue.enqueue(other));
      await saw(other);
      await saw(taken);
    });

    test('a wake-up for the deployment of a dead process is not lost either', async () => {
      const { queue, takeAndDie } = await opened(open);
      const message = wakeUp();
      await right(queue.enqueue(message));
      await takeAndDie();
      await right(queue.enqueue(message));
      const { saw } = consume(queue);
      await saw(message);
    });

    test('a message comes back while its process stands still, and what that says later is no answer to a later wake-up', async () => {
      const { queue, takeAndStandStill } = await opened(open);
      const message = wakeUp();
      await right(queue.enqueue(message));
      const { goOn } = await takeAndStandStill();
      const meanwhile = consume(queue);
      await meanwhile.saw(message);
      await meanwhile.end();
      await right(queue.enqueue(message));
      await goOn();
      const { saw } = consume(queue);
      await saw(message);
    });
  });
};

const opened = async <UnderTest extends WorkQueueUnderTest>(open: Open<UnderTest>): Promise<UnderTest> => {
  const underTest = await open();
  onTestFinished(() => underTest.close());
  return underTest;
};
