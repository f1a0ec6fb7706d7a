/** The server, behind what is known to go wrong with its clients. Its functions throw what the client throws. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PortError } from '@recourse/core';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type {
  CallOptions,
  Credentials,
  EventReading,
  EventStoreClient,
  EventSubscription,
  ReadAllOptions,
  ReadEvent,
  ReadStreamOptions,
  Revision,
  SentEvent,
  SubscribeOptions,
} from './client.ts';
import { actualIn, failure, typeOf } from './failure.ts';
import { semaphore } from './semaphore.ts';
import { closed, within } from './within.ts';

export type Server = Readonly<{
  /** Does something, one of a few at a time; what it throws becomes the port's error. */
  attempt<A>(doing: string, use: () => Promise<A>): TaskEither<PortError, A>;
  append(stream: string, events: readonly SentEvent[], expected: Revision): Promise<AppendAnswer>;
  /** Hands over each event of what is asked for. False if there is no such stream. */
  readStream(stream: string, options: ReadStreamOptions, use: Use): Promise<boolean>;
  readAll(options: ReadAllOptions, use: Use): Promise<void>;
  subscribe(options: SubscribeOptions): EventSubscription;
  /** Lets the server drop all but the last event of a stream that nobody gave metadata yet. */
  keepOnlyLast(stream: string): Promise<void>;
  timeoutMs: number;
  /** Aborts when the store is closed. */
  ending: AbortSignal;
}>;

export type AppendAnswer = Readonly<
  | { appended: true; revision: bigint }
  /** `actual` is null if the client did not tell. */
  | { appended: false; actual: number | null }
>;

type Use = (event: ReadEvent) => void;

export type ServerOptions = Readonly<{
  client: EventStoreClient;
  credentials?: Credentials | undefined;
  timeoutMs: number;
  ending: AbortSignal;
}>;

/** An HTTP/2 connection has 100 streams, and what is beyond hangs. Half of them are for subscriptions and for others. */
const CALLS_MAX = 50;
/**
 * The server drops a repetition of an append that it has not replicated yet, and says after some seconds that time was
 * up. Asked again, it knows: CommitDecision.IdempotentNotReady in its StorageWriterService.
 */
const APPEND_ATTEMPTS = 3;

export const serverOf = ({ client, credentials, timeoutMs, ending }: ServerOptions): Server => {
  const gate = semaphore(CALLS_MAX);
  // With credentials of its own, an append is a call of its own. The client's other way, one call for all appends of a
  // process, mixes up their answers when a connection ends, and may end the process with it.
  const call: CallOptions = { requiresLeader: true, ...(credentials === undefined ? {} : { credentials }) };

  const append = async (stream: string, events: readonly SentEvent[], expected: Revision): Promise<AppendAnswer> => {
    const options = { ...call, deadline: timeoutMs, expectedRevision: expected, streamState: expected };
    try {
      const answer = await within(timeoutMs, ending, client.appendToStream(stream, [...events], options));
      return answer.success
        ? { appended: true, revision: answer.nextExpectedRevision }
        : { appended: false, actual: null };
    } catch (cause) {
      if (typeOf(cause) !== 'wrong-expected-version') throw cause;
      return { appended: false, actual: actualIn(cause) };
    }
  };

  const read = async (open: () => EventReading, use: Use): Promise<void> => {
    let begun = false;
    const noting: Use = (event) => {
      begun = true;
      use(event);
    };
    await again(
      2,
      (cause) => !begun && isNotLeader(cause),
      () => each(open(), noting),
    );
  };

  return {
    attempt: (doing, use) =>
      TE.tryCatch(
        () =>
          gate(async () => {
            if (ending.aborted) throw closed();
            return use();
          }),
        (cause) => failure(doing, cause),
      ),

    append: (stream, events, expected) =>
      again(APPEND_ATTEMPTS, isTimeout, () => again(2, isNotLeader, () => append(stream, events, expected))),

    readStream: async (stream, options, use) => {
      try {
        await read(() => client.readStream(stream, { ...call, ...options }), use);
        return true;
      } catch (cause) {
        if (typeOf(cause) === 'stream-not-found') return false;
        throw cause;
      }
    },

    readAll: (options, use) => read(() => client.readAll({ ...call, ...options }), use),

    subscribe: (options) => client.subscribeToAll({ ...call, ...options }),

    keepOnlyLast: async (stream) => {
      const options = {
        ...call,
        deadline: timeoutMs,
        expectedRevision: 'no_stream',
        streamState: 'no_stream',
      } as const;
      try {
        await within(timeoutMs, ending, client.setStreamMetadata(stream, { maxCount: 1 }, options));
      } catch (cause) {
        if (typeOf(cause) !== 'wrong-expected-version') throw cause;
      }
    },

    timeoutMs,
    ending,
  };

  /** To the end, always: a call that is left before keeps its place on the connection. So ask for no more than you use. */
  async function each(reading: EventReading, use: Use): Promise<void> {
    // The client also tells of errors when nobody reads any more; without a listener that would end the process.
    reading.on?.('error', () => {});
    const events = reading[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await within(timeoutMs, ending, events.next());
        if (next.done === true) return;
        if (next.value.event !== undefined) use(next.value.event);
      }
    } catch (cause) {
      reading.cancel?.().catch(() => {});
      reading.destroy?.();
      throw cause;
    }
  }
};

const isTimeout = (cause: unknown): boolean => typeOf(cause) === 'timeout';

/** The client turns to the leader by itself, but not with what it was asked when it found out. */
const isNotLeader = (cause: unknown): boolean => typeOf(cause) === 'not-leader';

const again = async <A>(attempts: number, mayPass: (cause: unknown) => boolean, ask: () => Promise<A>): Promise<A> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (cause) {
      if (attempt === attempts || !mayPass(cause)) throw cause;
      await nextTurn();
    }
  }
};
