/**
 * What every WorkQueue owes. It is a hint that is carried, so no clause counts how often one arrives, only that it
 * arrives; and none relies on two wake-ups becoming one, or not.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeploymentId, WakeUp, type WorkQueue } from '@recourse/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { left, right } from './outcome.ts';

export type WorkQueueUnderTest = Readonly<{
  /** Empty. */
  queue: WorkQueue;
  /** Puts a message there as it stands, as an older or newer release would have, or one with a fault. */
  plant(message: unknown): Promise<void>;
  /** Makes the queue unreachable until `close`. */
  disconnect(): Promise<void>;
  close(): Promise<void>;
}>;

export type DurableWorkQueueUnderTest = WorkQueueUnderTest &
  Readonly<{
    /** Lets a consumer in a process of its own take what is due, and kills it (SIGKILL) while its handler runs. */
    takeAndDie(): Promise<void>;
  }>;

type Open<UnderTest> = () => Promise<UnderTest>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const workQueueConformance = (adapter: string, open: Open<WorkQueueUnderTest>): void => {
  const fresh = () => opened(open);

  describe(`${adapter} as WorkQueue`, { timeout: 60_000 }, () => {
    test('hands over what was queued before and after the consumer came', async () => {
      const { queue } = await fresh();
      const [before, after] = [wakeUp(), wakeUp()];
      await right(queue.enqueue(before));
      const { handled, saw } = consume(queue);
      await saw(before);
      await right(queue.enqueue(after));
      await saw(after);
      expect(handled).toContainEqual(after);
      expect(handled.map((message) => WakeUp.safeParse(message).success)).not.toContain(false);
    });

    test('hands over none of a hundred less', async () => {
      const { queue } = await fresh();
      const { saw } = consume(queue, { concurrency: 5 });
      const messages = Array.from({ length: 100 }, wakeUp);
      await Promise.all(messages.map((message) => right(queue.enqueue(message))));
      for (const message of messages) await saw(message);
    });

    test('a delayed message comes, not before its time, and holds up no other', async () => {
      const { queue } = await fresh();
      const { handled, saw } = consume(queue);
      const [never, late, now] = [wakeUp(), wakeUp(), wakeUp()];
      const queuedAt = Date.now();
      await right(queue.enqueue(never, { delayMs: 3_600_000 }));
      await right(queue.enqueue(late, { delayMs: 1000 }));
      await right(queue.enqueue(now));
      await saw(now);
      await saw(late);
      // One instant is a whole millisecond: rounding may take one.
      expect(Date.now() - queuedAt).toBeGreaterThanOrEqual(999);
      expect(handled).not.toContainEqual(never);
    });

    test.each([
      ['rejects', () => Promise.reject(new Error('not yet'))],
      [
        'throws',
        () => {
          throw new Error('not yet');
        },
      ],
    ])('a message whose handler %s comes back until it does not', async (_, fail) => {
      const { queue } = await fresh();
      let attempts = 0;
      const { saw } = consume(queue, { handle: () => (++attempts < 3 ? fail() : Promise.resolve()) });
      const message = wakeUp();
      await right(queue.enqueue(message));
      await saw(message, 3);
    });

    test('a message whose handler always fails starves no other', async () => {
      const { queue } = await fresh();
      const poison = wakeUp();
      const handle = (message: unknown) => (isFor(poison)(message) ? Promise.reject(new Error('never')) : done());
      const { saw } = consume(queue, { handle });
      await right(queue.enqueue(poison));
      await saw(poison);
      const others = Array.from({ length: 5 }, wakeUp);
      for (const other of others) await right(queue.enqueue(other));
      for (const other of others) await saw(other);
      await saw(poison, 3);
    });

    test('a message that was handled is gone', async () => {
      const { queue } = await fresh();
      const message = wakeUp();
      await right(queue.enqueue(message));
      const first = consume(queue);
      await first.saw(message);
      await first.end();

      const second = consume(queue);
      const other = wakeUp();
      await right(queue.enqueue(other));
      await second.saw(other);
      expect(second.handled).not.toContainEqual(message);
    });

    test('a wake-up that arrives while its deployment is handled leads to another handling after it', async () => {
      const { queue } = await fresh();
      const message = wakeUp();
      for (let round = 0; round < 5; round += 1) {
        let arrived = false;
        let handledAfter = 0;
        const { saw, end } = consume(queue, {
          concurrency: 3,
          handle: async () => {
            if (arrived) handledAfter += 1;
            else await right(queue.enqueue(message));
            arrived = true;
          },
        });
        await right(queue.enqueue(message));
        await saw(message, 2);
        await end();
        expect(handledAfter).toBeGreaterThan(0);
      }
    });

    test('handles at most so many at once, and never two of one deployment', async () => {
      const { queue } = await fresh();
      const messages = Array.from({ length: 6 }, wakeUp);
      const active: string[] = [];
      let widest = 0;
      let doubled = false;
      const { saw } = consume(queue, {
        concurrency: 3,
        handle: async (message) => {
          const { deploymentId } = WakeUp.parse(message);
          doubled ||= active.includes(deploymentId);
          active.push(deploymentId);
          widest = Math.max(widest, active.length);
          await sleep(10);
          active.splice(active.indexOf(deploymentId), 1);
        },
      });
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(messages.map((message) => right(queue.enqueue(message))));
        await sleep(5);
      }
      const last = wakeUp();
      await right(queue.enqueue(last));
      await saw(last);
      for (const message of messages) await saw(message);
      expect({ widest: widest <= 3, doubled }).toEqual({ widest: true, doubled: false });
    });

    test('several deployments are handled side by side', async () => {
      const { queue } = await fresh();
      const entered: unknown[] = [];
      const all = Promise.withResolvers<void>();
      consume(queue, {
        concurrency: 3,
        handle: async (message) => {
          if (entered.push(message) === 3) all.resolve();
          await all.promise;
        },
      });
      for (const message of [wakeUp(), wakeUp(), wakeUp()]) await right(queue.enqueue(message));
      await all.promise;
      expect(entered.length).toBe(3);
    });

    test('the end waits for handlers under way, and takes up nothing new', async () => {
      const { queue } = await fresh();
      const entered = Promise.withResolvers<void>();
      const leave = Promise.withResolvers<void>();
      const finished: unknown[] = [];
      const { ended, abort, handled } = consume(queue, {
        handle: async (message) => {
          entered.resolve();
          await leave.promise;
          finished.push(message);
        },
      });
      const messages = [wakeUp(), wakeUp(), wakeUp()];
      for (const message of messages) await right(queue.enqueue(message));
      await entered.promise;
      abort.abort();
      const soon = await Promise.race([ended, sleep(100)]);
      expect(soon, 'the handler was still running').toBeUndefined();

      leave.resolve();
      expect(await ended).toEqual({ _tag: 'Right', right: undefined });
      expect([finished.length, handled.length]).toEqual([1, 1]);
      const rest = messages.filter((message) => !handled.some(isFor(message)));
      const { saw } = consume(queue);
      for (const message of rest) await saw(message);
    });

    test('a signal that has aborted before takes up nothing', async () => {
      const { queue } = await fresh();
      await right(queue.enqueue(wakeUp()));
      const handle = vi.fn(async () => {});
      await right(queue.consume({ concurrency: 1, signal: AbortSignal.abort() }, handle));
      expect(handle).not.toHaveBeenCalled();
    });

    test.each([
      ['an older release', { deploymentId: 'd-old' }],
      ['a newer release', { v: 1, deploymentId: 'd-new', reason: { since: 2 } }],
      ['a release far newer', { v: 2, target: 'd-new' }],
      ['nobody in particular', { nonsense: [1, null] }],
    ])('a message of %s is handed over as stored', async (_, planted) => {
      const { queue, plant } = await fresh();
      await plant(planted);
      const { handled } = consume(queue);
      await vi.waitFor(() => expect(handled.length).toBeGreaterThan(0), patience);
      expect(handled[0]).toEqual(planted);
    });

    test('a message that nobody can read does not keep others from being read', async () => {
      const { queue, plant } = await fresh();
      await plant({ nonsense: true });
      const { saw } = consume(queue, { handle: async (message) => void WakeUp.parse(message) });
      const message = wakeUp();
      await right(queue.enqueue(message));
      await saw(message);
    });

    test('says so when it cannot be reached', async () => {
      const { queue, disconnect } = await fresh();
      await disconnect();
      const unavailable = { kind: 'transient', code: 'queue/unavailable' };
      expect(await left(queue.enqueue(wakeUp()))).toMatchObject(unavailable);
      expect(await left(queue.enqueue(wakeUp(), { delayMs: 1000 }))).toMatchObject(unavailable);
    });
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
  });
};

const patience = { timeout: 30_000, interval: 5 };

const opened = async <UnderTest extends WorkQueueUnderTest>(open: Open<UnderTest>): Promise<UnderTest> => {
  const underTest = await open();
  onTestFinished(() => underTest.close());
  return underTest;
};

/** A wake-up of a deployment that nobody else means. */
const wakeUp = (): WakeUp => ({ v: 1, deploymentId: DeploymentId.parse(`d-${randomUUID()}`) });

const isFor = (wanted: WakeUp) => (message: unknown) =>
  WakeUp.safeParse(message).data?.deploymentId === wanted.deploymentId;

const done = () => Promise.resolve();

type Options = Readonly<{ concurrency?: number; handle?: (message: unknown) => Promise<void> }>;

/** A consumer that ends with the test. */
const consume = (queue: WorkQueue, { concurrency = 1, handle = done }: Options = {}) => {
  const abort = new AbortController();
  const handled: unknown[] = [];
  const ended = queue.consume({ concurrency, signal: abort.signal }, (message) => {
    handled.push(message);
    return handle(message);
  })();
  const saw = (message: WakeUp, times = 1) =>
    vi.waitFor(() => expect(handled.filter(isFor(message)).length).toBeGreaterThanOrEqual(times), patience);
  const end = async () => {
    abort.abort();
    return ended;
  };
  onTestFinished(async () => void (await end()));
  return { handled, saw, abort, ended, end };
};
