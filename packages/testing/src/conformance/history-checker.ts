/**
 * Judges what clients of a log were told against what the log holds. Each event has an id of its own and the log has
 * one order, so the log itself says in which order things happened: no search for one is needed, only eight rules.
 */
import type { StoredEvent } from '@recourse/core';

/** One append and its retries, as its caller saw it. The ids are no other operation's. */
export type Operation = Readonly<{
  stream: string;
  ids: readonly string[];
  /** The version that its first event had to get, null if the caller did not ask for one. */
  firstVersion: number | null;
  /** By one clock for all callers. `endedAt` is Infinity if no answer came. */
  invokedAt: number;
  endedAt: number;
  /** Unknown: it may be in the log, or not. */
  outcome: 'ok' | 'fail' | 'unknown';
  /** Of its last event, as the store said; null unless ok. */
  version: number | null;
}>;

export type Seen = Pick<StoredEvent, 'id' | 'stream' | 'version'>;

export type History = Readonly<{
  operations: readonly Operation[];
  /** All events, in the order of the store. */
  log: readonly Seen[];
  /** Each stream as it is read by itself. */
  streams: ReadonlyMap<string, readonly Seen[]>;
  /** What one subscription from the beginning was given. */
  delivered: readonly Seen[];
  /** Whatever reads gave while writers wrote. */
  observed: readonly Seen[];
}>;

export type Violation = Readonly<{ rule: keyof typeof rules; detail: string }>;

export const violations = (history: History): readonly Violation[] => {
  const placed = placesIn(history.log);
  return names.flatMap((rule) => rules[rule](history, placed).map((detail) => ({ rule, detail })));
};

type Place = Readonly<{ at: number; stream: string; version: number }>;
/** Where each id is in the log; more than one place for an id that is there twice. */
type Places = ReadonlyMap<string, readonly Place[]>;
type Rule = (history: History, placed: Places) => readonly string[];

/** What was acknowledged is there, once, where it was said to be. */
const acknowledged: Rule = ({ operations }, placed) =>
  operations
    .filter(({ outcome }) => outcome === 'ok')
    .flatMap(({ stream, ids, version, firstVersion }) => {
      const first = (version ?? Number.NaN) - ids.length + 1;
      const asked = firstVersion === null || firstVersion === first;
      const kept = ids.every((id, i) => {
        const [place, ...more] = placed.get(id) ?? [];
        return more.length === 0 && place?.stream === stream && place.version === first + i;
      });
      return asked && kept ? [] : [`${ids.join(' ')} should be in ${stream} up to version ${version}, once`];
    });

/** What was refused is not there. */
const refused: Rule = ({ operations }, placed) =>
  operations
    .filter(({ outcome }) => outcome === 'fail')
    .flatMap(({ ids }) => ids.filter((id) => placed.has(id)).map((id) => `${id} was refused and is there`));

/** Of one append, all events are there in a row, or none. */
const whole: Rule = ({ operations }, placed) =>
  operations.flatMap(({ stream, ids }) => {
    const places = ids.flatMap((id) => placed.get(id)?.[0] ?? []);
    const first = places[0];
    if (first === undefined) return [];
    const inARow = places.every((place, i) => place.stream === stream && place.version === first.version + i);
    return places.length === ids.length && inARow ? [] : [`${ids.join(' ')} was torn`];
  });

/** The versions of a stream are 0, 1, 2 and so on, each once. */
const dense: Rule = ({ log }) =>
  [...groupedByStream(log)].flatMap(([stream, events]) => {
    const versions = events.map(({ version }) => version).sort((a, b) => a - b);
    return versions.every((version, i) => version === i) ? [] : [`${stream} has the versions ${versions.join(' ')}`];
  });

/** A stream's own order is its order in the log, and neither has more than the other. */
const ordered: Rule = ({ log, streams }) => {
  const inLog = groupedByStream(log);
  return [...new Set([...inLog.keys(), ...streams.keys()])].flatMap((stream) =>
    sequence(streams.get(stream)) === sequence(inLog.get(stream)) ? [] : [`${stream} read by itself is another`],
  );
};

/** What was acknowledged before something else was asked for stands before it. */
const realTime: Rule = ({ operations }, placed) => {
  const there = operations.flatMap((operation) => {
    const ats = operation.ids.flatMap((id) => placed.get(id)?.[0]?.at ?? []);
    return ats.length === 0 ? [] : [{ operation, first: Math.min(...ats), last: Math.max(...ats) }];
  });
  const ended = there.filter(({ operation }) => operation.outcome === 'ok');
  ended.sort((a, b) => a.operation.endedAt - b.operation.endedAt);
  there.sort((a, b) => a.operation.invokedAt - b.operation.invokedAt);

  let next = 0;
  let latest = -1;
  return there.flatMap(({ operation, first }) => {
    for (let done = ended[next]; done && done.operation.endedAt < operation.invokedAt; done = ended[++next]) {
      latest = Math.max(latest, done.last);
    }
    return first > latest ? [] : [`${operation.ids.join(' ')} stands before what was acknowledged earlier`];
  });
};

/** A subscriber is given the log: all of it, once, in its order. */
const delivered: Rule = (history) => {
  if (sequence(history.delivered) === sequence(history.log)) return [];
  const at = history.log.findIndex(({ id }, i) => history.delivered[i]?.id !== id);
  return [`${history.delivered.length} were delivered of ${history.log.length}; they differ from ${at} on`];
};

/** Nobody ever saw what is not in the log. */
const observed: Rule = (history, placed) =>
  history.observed
    .filter(({ id, stream, version }) => {
      const place = placed.get(id)?.[0];
      return place?.stream !== stream || place.version !== version;
    })
    .map(({ id, stream, version }) => `${id} was seen in ${stream} at version ${version}`);

const rules = { acknowledged, refused, whole, dense, ordered, realTime, delivered, observed };
const names = ['acknowledged', 'refused', 'whole', 'dense', 'ordered', 'realTime', 'delivered', 'observed'] as const;

const placesIn = (log: readonly Seen[]): Places => {
  const placed = new Map<string, Place[]>();
  for (const [at, { id, stream, version }] of log.entries()) {
    placed.set(id, [...(placed.get(id) ?? []), { at, stream, version }]);
  }
  return placed;
};

const groupedByStream = (events: readonly Seen[]): ReadonlyMap<string, readonly Seen[]> =>
  Map.groupBy(events, ({ stream }) => stream);

const sequence = (events: readonly Seen[] = []): string =>
  events.map(({ stream, version, id }) => `${stream} ${version} ${id}`).join('\n');
