import { type History, type Operation, type Seen, type Violation, violations } from '@recourse/testing';
import { describe, expect, test } from 'vitest';

const seen = (id: string, stream: string, version: number): Seen => ({ id, stream, version });

const a0 = seen('a0', 'a', 0);
const a1 = seen('a1', 'a', 1);
const a2 = seen('a2', 'a', 2);
const b0 = seen('b0', 'b', 0);
const b1 = seen('b1', 'b', 1);

const operation = (stream: string, ids: readonly string[], part: Partial<Operation>): Operation => ({
  stream,
  ids,
  firstVersion: null,
  invokedAt: 0,
  endedAt: 100,
  outcome: 'ok',
  version: null,
  ...part,
});

const first = operation('a', ['a0'], { version: 0, firstVersion: 0, invokedAt: 1, endedAt: 2 });
const second = operation('a', ['a1', 'a2'], { version: 2, invokedAt: 3, endedAt: 6 });
const lost = operation('b', ['b0'], { outcome: 'unknown', invokedAt: 4, endedAt: Number.POSITIVE_INFINITY });
const last = operation('b', ['b1'], { version: 1, firstVersion: 1, invokedAt: 7, endedAt: 8 });
const neverIn = operation('b', ['x0', 'x1'], { outcome: 'unknown', invokedAt: 4, endedAt: Number.POSITIVE_INFINITY });
const beaten = operation('b', ['y0'], { outcome: 'fail', invokedAt: 4, endedAt: 6 });

const log = [a0, b0, a1, a2, b1];
const sound: History = {
  operations: [last, beaten, neverIn, lost, second, first],
  log,
  streams: new Map([
    ['a', [a0, a1, a2]],
    ['b', [b0, b1]],
    ['c', []],
  ]),
  delivered: log,
  observed: [a0, a0, b0, a2],
};

/** The log and all that follows from it, as a store with that fault would give them. */
const withLog = (events: readonly Seen[], rest: Partial<History> = {}): History => ({
  ...sound,
  log: events,
  delivered: events,
  streams: Map.groupBy(events, ({ stream }) => stream),
  observed: [],
  ...rest,
});

const planted: readonly (readonly [string, Violation['rule'], History])[] = [
  ['an acknowledged event is missing', 'acknowledged', withLog([a0, b0, a1, a2])],
  ['an acknowledged event is there twice', 'acknowledged', withLog([...log, seen('b1', 'b', 2)])],
  [
    'it is at another version than was said',
    'acknowledged',
    withLog(log, { operations: [{ ...first, version: 1, firstVersion: null }] }),
  ],
  [
    'it is at another version than was asked for',
    'acknowledged',
    withLog(log, { operations: [{ ...last, firstVersion: 0 }] }),
  ],
  ['it is in another stream', 'acknowledged', withLog(log, { operations: [{ ...first, stream: 'b' }] })],
  ['a refused event is there', 'refused', withLog([...log, seen('y0', 'b', 2)])],
  ['half of an append is there', 'whole', withLog([...log, seen('x0', 'b', 2)])],
  [
    'another event is in between',
    'whole',
    withLog([...log, seen('x0', 'b', 2), seen('z', 'b', 3), seen('x1', 'b', 4)]),
  ],
  ['an append is there backwards', 'whole', withLog([...log, seen('x1', 'b', 2), seen('x0', 'b', 3)])],
  ['a version is missing', 'dense', withLog([...log, seen('z', 'b', 3)])],
  ['a version is there twice', 'dense', withLog([...log, seen('z', 'b', 1)])],
  ['a stream does not begin at 0', 'dense', withLog([...log, seen('z', 'c', 1)])],
  ['a stream is inverted in the log', 'ordered', { ...sound, log: [a0, b0, a2, a1, b1] }],
  ['a stream read by itself lacks an event', 'ordered', { ...sound, streams: new Map([['a', [a0, a1, a2]]]) }],
  ['a stream read by itself has one more', 'ordered', { ...sound, streams: new Map([...sound.streams, ['c', [a0]]]) }],
  ['a later append stands before an acknowledged one', 'realTime', withLog([b0, b1, a0, a1, a2])],
  ['the subscriber missed an event', 'delivered', { ...sound, delivered: [a0, b0, a2, b1] }],
  ['the subscriber missed the end', 'delivered', { ...sound, delivered: log.slice(0, -1) }],
  ['the subscriber got an event twice', 'delivered', { ...sound, delivered: [a0, b0, b0, a1, a2, b1] }],
  ['the subscriber got another order', 'delivered', { ...sound, delivered: [a0, b0, a2, a1, b1] }],
  ['somebody saw what is not there', 'observed', { ...sound, observed: [seen('x0', 'b', 2)] }],
  ['somebody saw it at another version', 'observed', { ...sound, observed: [seen('a1', 'a', 2)] }],
];

describe('the history checker', () => {
  test('has nothing to say against a sound history, with an unknown append in it and one not', () => {
    expect(violations(sound)).toEqual([]);
  });

  test('has nothing to say against nothing', () => {
    const nothing = { operations: [], log: [], streams: new Map(), delivered: [], observed: [] };
    expect(violations(nothing)).toEqual([]);
  });

  test('lets appends that overlap in time stand in either order', () => {
    const operations = [first, second, { ...last, invokedAt: 5 }, lost];
    expect(violations(withLog([a0, b0, b1, a1, a2], { operations }))).toEqual([]);
  });

  test.each(planted)('notices that %s (%s)', (_, rule, history) => {
    expect(violations(history).map((violation) => violation.rule)).toContain(rule);
  });

  test('each rule is caught by a violation that no other rule catches', () => {
    const alone = planted
      .map(([, , history]) => new Set(violations(history).map(({ rule }) => rule)))
      .filter(({ size }) => size === 1)
      .flatMap((rules) => [...rules]);
    expect(new Set(alone)).toEqual(
      new Set(['acknowledged', 'refused', 'whole', 'dense', 'ordered', 'realTime', 'delivered', 'observed']),
    );
  });
});
