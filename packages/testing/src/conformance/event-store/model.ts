/** The store against the smallest thing that could be one. */
import { type EventStore, type ExpectedVersion, isWrongExpectedVersion, type NewEvent } from '@recourse/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { right } from '../outcome.ts';
import { ids, someEvent, someStream, wholeLog } from './sample-events.ts';
import type { Fresh } from './under-test.ts';

type Append = Readonly<{ stream: number; expected: ExpectedVersion; first: number; count: number }>;
type Answer = Readonly<{ version: number; deduplicated: boolean }> | Readonly<{ actual: number | null }>;

/** An append of events `first` and following out of a small stock, so that repetitions and overlaps are common. */
const append: fc.Arbitrary<Append> = fc.record({
  stream: fc.nat(1),
  expected: fc.oneof(
    fc.constantFrom<ExpectedVersion>('any', 'no-stream', 'stream-exists'),
    fc.integer({ min: 0, max: 8 }),
  ),
  first: fc.nat(7),
  count: fc.integer({ min: 1, max: 3 }),
});

/** One stream as a list of ids. */
const answerOf = (stream: string[], expected: ExpectedVersion, added: readonly string[]): Answer => {
  const actual = stream.length === 0 ? null : stream.length - 1;
  const from = expected === 'no-stream' ? 0 : typeof expected === 'number' ? expected + 1 : null;
  const known = added.filter((id) => stream.includes(id)).length;
  const at = stream.indexOf(added[0] ?? '');

  if (known === 0) {
    if (expected === 'stream-exists' ? actual === null : from !== null && from !== stream.length) return { actual };
    stream.push(...added);
    return { version: stream.length - 1, deduplicated: false };
  }
  const inARow = added.every((id, i) => stream[at + i] === id);
  if (known < added.length || !inARow || (from !== null && from !== at)) return { actual };
  return { version: at + added.length - 1, deduplicated: true };
};

/**
 * What KurrentDB, whose rule this is, answers in its own way: known events where exactly the stream's end is expected,
 * and, where nothing is, known events behind an unknown one or in another order.
 */
const isLeftOpen = (stream: readonly string[], expected: ExpectedVersion, added: readonly string[]): boolean => {
  const known = added.filter((id) => stream.includes(id));
  if (known.length === 0 || expected === 'no-stream') return false;
  if (typeof expected === 'number') return expected === stream.length - 1;
  const at = stream.indexOf(added[0] ?? '');
  return known.length === added.length ? added.some((id, i) => stream[at + i] !== id) : at === -1;
};

const ask = async (store: EventStore, stream: string, expected: ExpectedVersion, events: readonly NewEvent[]) => {
  const [head, ...tail] = events;
  if (head === undefined) throw new Error('an append has at least one event');
  const outcome = await store.append({ stream, expected, events: [head, ...tail] })();
  if (outcome._tag === 'Left') return isWrongExpectedVersion(outcome.left) ? { actual: outcome.left.actual } : outcome;
  return { version: outcome.right.version, deduplicated: outcome.right.deduplicated };
};

export const modelClauses = (fresh: Fresh): void => {
  test('answers any run of appends as a list would', async () => {
    const { store } = await fresh();
    await fc.assert(
      fc.asyncProperty(fc.array(append, { maxLength: 12 }), async (appends) => {
        const before = (await wholeLog(store)).length;
        const names = [someStream(), someStream()];
        const stock = Array.from({ length: 10 }, () => someEvent());
        const streams: [string[], string[]] = [[], []];
        const log: string[] = [];
        for (const step of appends) {
          const events = stock.slice(step.first, step.first + step.count);
          const stream = streams[step.stream === 0 ? 0 : 1];
          if (isLeftOpen(stream, step.expected, ids(events))) continue;
          const answer = answerOf(stream, step.expected, ids(events));
          expect(await ask(store, names[step.stream] ?? '', step.expected, events)).toEqual(answer);
          if ('version' in answer && !answer.deduplicated) log.push(...ids(events));
        }
        for (const [i, stream] of streams.entries()) {
          const answer = await right(store.read({ stream: names[i] ?? '' }));
          expect([answer.version, ids(answer.events)]).toEqual([stream.length ? stream.length - 1 : null, stream]);
        }
        expect(ids((await wholeLog(store)).slice(before))).toEqual(log);
      }),
      { numRuns: 60 },
    );
  });
};
