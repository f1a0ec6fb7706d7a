/** The simulated event store: one log in memory, with every promise of the port and every way of not being answered. */
import type {
  EventStore,
  ExpectedVersion,
  NewEvent,
  PortError,
  StoredEvent,
  StreamId,
  WrongExpectedVersion,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

type AppendRequest = Parameters<EventStore['append']>[0];
type Appended = Readonly<{ version: number; position: string; deduplicated: boolean }>;

export type Log = Readonly<{
  all: readonly StoredEvent[];
  stream(id: StreamId): readonly StoredEvent[];
  append(request: AppendRequest, by: string): E.Either<WrongExpectedVersion, Appended>;
  /** Is told after every append, until the returned function is called. */
  listen(listener: () => void): () => void;
}>;

/** `stored` is told of every event and of who brought it, in order, at the moment in which it becomes a fact. */
export const createLog = (stored: (event: StoredEvent, by: string) => void): Log => {
  const all: StoredEvent[] = [];
  const streams = new Map<StreamId, StoredEvent[]>();
  const listeners = new Set<() => void>();
  const streamOf = (id: StreamId) => streams.get(id) ?? [];

  return {
    all,
    stream: streamOf,
    append: ({ stream, expected, events }, by) => {
      const existing = streamOf(stream);
      const again = repeated(existing, expected, events);
      if (again !== null) return E.right(again);
      if (!isExpected(expected, existing.length)) return E.left(wrongVersion(stream, expected, existing.length));
      if (events.some(({ id }) => existing.some((one) => one.id === id)))
        return E.left(wrongVersion(stream, expected, existing.length));
      const added = events.map((event, at) => ({
        ...event,
        stream,
        version: existing.length + at,
        position: String(all.length + at),
      }));
      const list = [...existing, ...added];
      streams.set(stream, list);
      for (const event of added) {
        all.push(event);
        stored(event, by);
      }
      for (const listener of [...listeners]) listener();
      return E.right({ version: list.length - 1, position: String(all.length - 1), deduplicated: false });
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};

/** The same ids where they were expected: what was appended before is the answer. */
const repeated = (
  existing: readonly StoredEvent[],
  expected: ExpectedVersion,
  events: readonly NewEvent[],
): Appended | null => {
  const first = typeof expected === 'number' ? expected + 1 : expected === 'no-stream' ? 0 : null;
  const from = first ?? existing.findIndex(({ id }) => id === events[0]?.id);
  if (from < 0 || from + events.length > existing.length) return null;
  if (events.some(({ id }, at) => existing[from + at]?.id !== id)) return null;
  const last = existing[from + events.length - 1];
  return last === undefined ? null : { version: last.version, position: last.position, deduplicated: true };
};

const isExpected = (expected: ExpectedVersion, length: number): boolean => {
  if (expected === 'any') return true;
  if (expected === 'no-stream') return length === 0;
  if (expected === 'stream-exists') return length > 0;
  return expected === length - 1;
};

const wrongVersion = (stream: StreamId, expected: ExpectedVersion, length: number): WrongExpectedVersion => {
  const actual = length === 0 ? null : length - 1;
  const message = `Stream ${stream} is at ${actual ?? 'nothing'}, not ${expected}.`;
  return { kind: 'permanent', code: 'store/wrong-expected-version', message, stream, expected, actual };
};

export const simStore = (lab: Lab, log: Log, process: Process): EventStore => {
  const ask = <A>(
    operation: string,
    subject: string,
    carryOut: (answer: (a: E.Either<PortError, A>) => void) => void,
  ) => call(lab, process, { operation: `store.${operation}`, subject, unreachable: 'store/unavailable', carryOut });
  /** The newest version of each stream that this process has seen: a replica never shows it less. */
  const seen = new Map<StreamId, number>();
  const see = (stream: StreamId, version: number) => void seen.set(stream, Math.max(version, seen.get(stream) ?? -1));

  const visible = (stream: StreamId): readonly StoredEvent[] => {
    const events = log.stream(stream);
    const moment = lab.choices.at(`replica ${stream}`);
    const behind = lab.severity(moment, 'read-stale', 'store.read', 3);
    return events.slice(0, Math.max(events.length - behind, (seen.get(stream) ?? -1) + 1));
  };

  return {
    append: (request) =>
      ask<Appended>(`append ${request.events[0].type}`, request.stream, (answer) => {
        const appended = log.append(request, process.name);
        if (E.isRight(appended)) see(request.stream, appended.right.version);
        answer(appended);
      }),

    read: ({ stream, from, direction = 'forwards', limit = Number.MAX_SAFE_INTEGER }) =>
      ask('read', stream, (answer) => {
        const events = visible(stream);
        const version = events.length === 0 ? null : events.length - 1;
        if (version !== null) see(stream, version);
        const page =
          direction === 'forwards'
            ? events.slice(from ?? 0, (from ?? 0) + limit)
            : events
                .slice(0, (from ?? events.length) + 1)
                .reverse()
                .slice(0, limit);
        answer(E.right({ version, events: page }));
      }),

    readAll: ({ after, limit }) =>
      ask('readAll', '', (answer) => {
        const from = after === null ? 0 : Number(after) + 1;
        const lag = lab.severity(lab.choices.at('feed'), 'feed-lags', 'store.readAll', 5);
        const events = log.all.slice(from, Math.max(from, Math.min(from + limit, log.all.length - lag)));
        answer(E.right({ events, next: events.at(-1)?.position ?? after }));
      }),

    head: () => ask('head', '', (answer) => answer(E.right(log.all.at(-1)?.position ?? null))),

    subscribe: ({ after, signal }, onEvents) => {
      return () => subscription(lab, log, process, after === null ? 0 : Number(after) + 1, signal, onEvents);
    },
  };
};

type Subscribing = Parameters<EventStore['subscribe']>;

const subscription = (
  lab: Lab,
  log: Log,
  process: Process,
  first: number,
  signal: Subscribing[0]['signal'],
  onEvents: Subscribing[1],
): Promise<E.Either<PortError, void>> =>
  new Promise((resolve) => {
    let from = first;
    let busy = false;
    const deaf = log.listen(() => more());
    const end = (result: E.Either<PortError, void>) => {
      deaf();
      lab.kernel.after(1, () => process.deliver(() => resolve(result)));
    };
    const more = () => {
      if (busy || signal.aborted || from >= log.all.length) return;
      busy = true;
      lab.kernel.after(2, () =>
        process.deliver(() => {
          const events = log.all.slice(from);
          from = log.all.length;
          onEvents(events).then(
            () => {
              busy = false;
              more();
            },
            () => end(E.left(failed)),
          );
        }),
      );
    };
    signal.addEventListener('abort', () => end(E.right(undefined)));
    more();
  });

const failed: PortError = {
  kind: 'permanent',
  code: 'store/subscriber-failed',
  message: 'The subscriber rejected a batch.',
};
