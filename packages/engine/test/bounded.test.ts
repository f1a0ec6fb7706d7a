/** An effect within its limits, on a clock that is moved by hand. */
import { DeploymentId, type DeploymentRequest, type Effect, EnvironmentId, Instant, StepKey } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { createActivity } from '../src/activity.ts';
import type { Advancing } from '../src/advance.ts';
import { cancellation } from '../src/cancellation.ts';
import { Fault } from '../src/fault.ts';
import { performBounded } from '../src/perform/bounded.ts';

const d1 = DeploymentId.parse('d-1');
const key = StepKey.parse('d-1-start-1');
const request = {
  type: 'DeploymentRequested',
  deployment: d1,
  environment: EnvironmentId.parse('shop'),
} as DeploymentRequest;
const stop: Effect = { type: 'StopInstance', effect: 'stop-instance', attempt: 1, run: 1, key, graceMs: 0 };
const build = {
  type: 'Build',
  effect: 'build',
  attempt: 1,
  run: 1,
  key,
  source: { repository: 'r' },
} as unknown as Effect;

const clockByHand = () => {
  let now = 0;
  let sleepers: Readonly<{ at: number; wake: () => void }>[] = [];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => Instant.parse(now),
    sleep: (ms: number, signal?: Parameters<Advancing['ports']['clock']['sleep']>[1]) =>
      new Promise<void>((wake) => {
        if (signal?.aborted) return wake();
        sleepers.push({ at: now + ms, wake });
        signal?.addEventListener('abort', wake);
      }),
    pass: async (ms: number) => {
      const until = now + ms;
      await settle();
      for (;;) {
        const next = sleepers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        sleepers = sleepers.filter((one) => one !== next);
        now = next.at;
        next.wake();
        await settle();
      }
      now = until;
    },
  };
};

type Ask = () => Promise<E.Either<unknown, unknown>>;
const never: Ask = () => new Promise(() => undefined);
const failed = E.left({ kind: 'transient', code: 'runtime/unreachable', message: 'It is away.' });

/** One effect under way: what came of it is there when it ended. */
const underWay = (
  effect: Effect,
  ask: Ask,
  over: { endedElsewhere?: () => boolean; storeAway?: boolean; defect?: Error; letGoBefore?: boolean } = {},
) => {
  const clock = clockByHand();
  const inActivity = new Set<unknown>();
  const onSignal = new Set<unknown>();
  const { begin, ...others } = createActivity();
  const activity: Advancing['activity'] = {
    ...others,
    begin: (deployment, end) => {
      const forget = begin(deployment, end);
      inActivity.add(end);
      return () => {
        inActivity.delete(end);
        forget();
      };
    },
  };
  const letGo = cancellation();
  if (over.letGoBefore) letGo.cancel();
  const ending: typeof letGo.signal = {
    get aborted() {
      return letGo.signal.aborted;
    },
    addEventListener: (type, listener) => {
      onSignal.add(listener);
      letGo.signal.addEventListener(type, listener);
    },
    removeEventListener: (type, listener) => {
      onSignal.delete(listener);
      letGo.signal.removeEventListener(type, listener);
    },
  };
  let told: unknown = 'nothing yet';
  let aborted = false;
  const asked = (signal?: { addEventListener(type: 'abort', listener: () => void): void }) => {
    signal?.addEventListener('abort', () => {
      aborted = true;
    });
    return ask;
  };
  const journal = {
    deployment: async () => {
      if (over.defect !== undefined) throw over.defect;
      if (over.storeAway) throw new Fault({ kind: 'transient', code: 'store/unavailable', message: 'It is away.' });
      return { state: { ending: over.endedElsewhere?.() ? 'cancelled' : null }, version: 1 };
    },
  };
  const ports = {
    clock,
    runtime: { stop: () => asked() },
    builder: { build: (_order: unknown, _tree: unknown, { signal }: { signal: typeof letGo.signal }) => asked(signal) },
    sources: { tree: () => never },
  };
  const policy = { 'stop-instance': { deadlineMs: 30_000 }, build: { deadlineMs: 30_000 } };
  const advancing = { ports, journal, policy, activity } as unknown as Advancing;
  performBounded(advancing, effect, request, ending).then(
    (outcome) => {
      told = outcome;
    },
    (error) => {
      told = error;
    },
  );
  return {
    clock,
    activity,
    letGo,
    told: () => told,
    aborted: () => aborted,
    hands: () => [inActivity.size, onSignal.size],
  };
};

describe('an effect', () => {
  test('leaves nothing behind in what outlives it', async () => {
    let end: () => void = () => undefined;
    const { clock, told, hands } = underWay(stop, () => new Promise((resolve) => (end = () => resolve(failed))));
    await clock.pass(0);
    expect(hands()).toEqual([1, 1]);
    end();
    await clock.pass(0);
    expect(told()).toEqual(failed);
    expect(hands()).toEqual([0, 0]);
  });

  test('of a worker that lets go of everything is abandoned, also if nobody hears of that', async () => {
    const { clock, told } = underWay(build, never, { letGoBefore: true });
    await clock.pass(1_000);
    expect(told()).toBe('abandoned');
  });

  test('does not hide a defect of ours, other than a store that is away', async () => {
    const defect = new TypeError('This should not be.');
    const { clock, told } = underWay(stop, never, { defect });
    await clock.pass(31_000);
    expect(told()).toBe(defect);
  });

  test('that ends in time is what came of it', async () => {
    const { clock, told } = underWay(stop, async () => E.right(undefined));
    await clock.pass(0);
    expect(told()).toEqual({ _tag: 'Right', right: { type: 'RecordStopped', key } });
  });

  test('that fails is what it says', async () => {
    const { clock, told } = underWay(stop, async () => failed);
    await clock.pass(0);
    expect(told()).toEqual(failed);
  });

  test('that throws is an engine out of order', async () => {
    const cause = new TypeError('undefined is not a function');
    const { clock, told } = underWay(stop, () => Promise.reject(cause));
    await clock.pass(0);
    const message = 'An adapter threw: TypeError: undefined is not a function';
    expect(told()).toEqual(E.left({ kind: 'transient', code: 'engine/adapter-threw', message, cause }));
  });

  test('that throws a fault keeps its words', async () => {
    const cause = new Fault({ kind: 'permanent', code: 'events/newer', message: 'Upgrade the reader.' });
    const { clock, told } = underWay(stop, () => Promise.reject(cause));
    await clock.pass(0);
    const { kind, code, message } = cause;
    expect(told()).toEqual(E.left({ kind, code, message, cause }));
  });

  test.each([
    ['build', build, 'permanent'],
    ['stop-instance', stop, 'transient'],
  ])('that never ends is stopped at its deadline (%s)', async (name, effect, kind) => {
    const { clock, told, aborted } = underWay(effect, never);
    await clock.pass(29_999);
    expect([told(), aborted()]).toEqual(['nothing yet', false]);
    await clock.pass(1);
    // It has a second to let go.
    expect([told(), aborted()]).toEqual(['nothing yet', effect === build]);
    await clock.pass(1_000);
    const message = `${name} did not end within 30000 ms and was stopped.`;
    expect(told()).toEqual(E.left({ kind, code: 'engine/deadline', message }));
  });
});

describe('a cancellation', () => {
  test('in this process stops it, and nobody failed', async () => {
    const { clock, activity, told, aborted } = underWay(build, never);
    await clock.pass(10);
    activity.cancel(d1);
    expect(aborted()).toBe(true);
    await clock.pass(999);
    expect(told()).toBe('nothing yet');
    await clock.pass(1);
    expect(told()).toBe('abandoned');
  });

  test('in another process is heard within a second', async () => {
    let ended = false;
    const { clock, told } = underWay(build, never, { endedElsewhere: () => ended });
    await clock.pass(2_500);
    ended = true;
    expect(told()).toBe('nothing yet');
    await clock.pass(1_500);
    expect(told()).toBe('abandoned');
  });

  test('is listened for, also while the store is away', async () => {
    const { clock, letGo, told } = underWay(build, never, { storeAway: true });
    await clock.pass(5_000);
    expect(told()).toBe('nothing yet');
    letGo.cancel();
    await clock.pass(1_000);
    expect(told()).toBe('abandoned');
  });

  test('that was there before lets nothing fail', async () => {
    const { activity, clock, told } = underWay(stop, async () => {
      activity.cancel(d1);
      return failed;
    });
    await clock.pass(0);
    expect(told()).toBe('abandoned');
  });

  test('does not undo what succeeded all the same', async () => {
    const { activity, clock, told } = underWay(stop, async () => {
      activity.cancel(d1);
      return E.right(undefined);
    });
    await clock.pass(0);
    expect(told()).toMatchObject({ right: { type: 'RecordStopped' } });
  });

  test('of what has ended stops nothing', async () => {
    const { activity, clock, letGo, told, aborted } = underWay(build, async () => failed);
    await clock.pass(0);
    activity.cancel(d1);
    letGo.cancel();
    expect([told(), aborted()]).toEqual([failed, false]);
  });
});
