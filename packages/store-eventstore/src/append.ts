/** Appending. The server compares versions; what it does not remember, or does not tell, is looked up. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore, ExpectedVersion, PortError, Position, WrongExpectedVersion } from '@recourse/core';
import { draftsOf, placementOf, wrongVersion } from '@recourse/core/storing';
import * as E from 'fp-ts/lib/Either.js';
import type { ReadEvent, SentEvent } from './client.ts';
import { isOf, sentEventOf, storedEventOf } from './envelope.ts';
import { typedError } from './failure.ts';
import type { Names } from './names.ts';
import type { Server } from './server.ts';
import { versionOfHead } from './version-of-head.ts';

type AppendError = PortError | WrongExpectedVersion;
type Appended = Readonly<{ version: number; position: Position; deduplicated: boolean }>;

/** How often in a row an append may be refused although nothing new is in its stream, and the first pause. */
const STANDSTILLS_MAX = 20;
const STANDSTILL_MS = 5;

export const appendTo =
  (server: Server, names: Names): EventStore['append'] =>
  ({ stream, expected, events }) =>
  async () => {
    const drafts = draftsOf(stream, events);
    if (E.isLeft(drafts)) return drafts;
    const id = randomUUID();
    // Now, before anything is waited for: the events are the caller's.
    const sent = events.flatMap((event, i) => {
      const draft = drafts.right[i];
      return draft === undefined ? [] : [sentEventOf(event, draft, id)];
    });
    const target: Target = { server, names, stream: names.streamOf(stream), id, events: sent };
    const append = async () => {
      const outcome = isOpen(expected) ? await appendWherever(target, expected) : await appendAt(target, expected);
      return 'version' in outcome ? E.right(outcome) : E.left(wrongVersion(stream, expected, outcome.actual));
    };
    return E.flatten<AppendError, Appended>(await server.attempt(`append to ${stream}`, append)());
  };

type Target = Readonly<{
  server: Server;
  names: Names;
  /** Its name on the server. */
  stream: string;
  /** Of this append. */
  id: string;
  events: readonly SentEvent[];
}>;

type Refused = Readonly<{ actual: number | null }>;
type Open = 'any' | 'stream-exists';

const isOpen = (expected: ExpectedVersion): expected is Open => expected === 'any' || expected === 'stream-exists';

/** The server's own rule: it compares with the index of the stream, which it never forgets. */
const appendAt = async (target: Target, expected: 'no-stream' | number): Promise<Appended | Refused> => {
  const { server, stream, events } = target;
  if (expected !== 'no-stream' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    return { actual: await versionOfHead(server, stream) };
  }
  const answer = await server.append(stream, events, expected === 'no-stream' ? 'no_stream' : BigInt(expected));
  if (!answer.appended) return { actual: answer.actual ?? (await versionOfHead(server, stream)) };
  return appendedOf(target, await eventAt(target, answer.revision));
};

/**
 * The server remembers the ids of its latest events only, and forgets them when it is restarted. So the stream is
 * searched for them, and then it is appended just behind what was searched: whoever came in between makes the server
 * refuse, and what they brought is searched, too.
 */
const appendWherever = async (target: Target, expected: Open): Promise<Appended | Refused> => {
  const { server, stream, events } = target;
  const ids = new Set(events.map(({ id }) => id));
  const found = new Map<string, ReadEvent>();
  let head: number | null = null;
  for (let standstills = 0; standstills < STANDSTILLS_MAX; ) {
    const searched: number | null = head;
    const fromRevision = BigInt((searched ?? -1) + 1);
    await server.readStream(stream, { fromRevision, direction: 'forwards' }, (event) => {
      if (ids.has(event.id) && !found.has(event.id)) found.set(event.id, event);
      head = Number(event.revision);
    });

    const versions = events.map(({ id }) => versionOf(found.get(id)));
    const placement = placementOf(expected, head, versions);
    if (placement.place === 'nowhere') return { actual: head };
    if (placement.place === 'there') return appendedOf(target, found.get(events.at(-1)?.id ?? ''));
    const outcome = await appendAt(target, head ?? 'no-stream');
    if ('version' in outcome) return outcome;
    standstills = head === searched ? standstills + 1 : 0;
    // Whoever was first is not to be read yet, as long as the server still copies what they appended.
    if (standstills > 0) await sleep(standstills * STANDSTILL_MS);
  }
  throw typedError('standstill', `${stream} refuses, and shows nothing new. Look at its metadata on the server`);
};

const versionOf = (event: ReadEvent | undefined): number | null =>
  event === undefined ? null : Number(event.revision);

/** Of the last event of an append, as it is stored: an equal append of somebody else may have been first. */
const appendedOf = ({ names, id }: Target, last: ReadEvent | undefined): Appended => {
  if (last === undefined) throw typedError('unreadable', 'what was appended cannot be read');
  const { version, position } = storedEventOf(names, last);
  return { version, position, deduplicated: !isOf(last, id) };
};

const eventAt = async ({ server, stream }: Target, revision: bigint): Promise<ReadEvent | undefined> => {
  let found: ReadEvent | undefined;
  await server.readStream(stream, { fromRevision: revision, direction: 'forwards', maxCount: 1 }, (event) => {
    if (event.revision === revision) found = event;
  });
  return found;
};
