/** EventStore on EventStoreDB and KurrentDB. A stream of ours is a stream there, and the order of all is `$all`'s. */
import type { EventStore, PortError, Position, StoredEvent, StreamId } from '@recourse/core';
import { flawInStream, invalidEvent } from '@recourse/core/storing';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { appendTo } from './append.ts';
import type { ReadEvent, ServerPosition } from './client.ts';
import { storedEventOf } from './envelope.ts';
import type { Names } from './names.ts';
import { pagesOf } from './pages.ts';
import { positionOf, serverPositionOf } from './position.ts';
import type { Server } from './server.ts';
import { subscribeTo } from './subscription.ts';
import { versionOfHead } from './version-of-head.ts';

export const eventStoreOn = (server: Server, names: Names): EventStore => ({
  append: appendTo(server, names),

  read: (request) =>
    pipe(
      validStream(request.stream),
      TE.chain((stream) => server.attempt(`read ${stream}`, () => read(server, names, request))),
    ),

  readAll: ({ after, limit }) =>
    pipe(
      TE.fromEither(serverPositionOf(after)),
      TE.chain((position) => server.attempt('read the events', () => eventsAfter(server, names, position, limit))),
      TE.map((events) => ({ events, next: events.at(-1)?.position ?? after })),
    ),

  head: () => server.attempt('find the newest event', () => head(server, names)),

  subscribe: ({ after, signal }, onEvents) =>
    pipe(
      TE.fromEither(serverPositionOf(after)),
      TE.chain((position) => subscribeTo(server, names, { after: position, signal }, onEvents)),
    ),
});

/** The newest event may be one of the server's own, or of somebody else; it is seldom far. */
const HEAD_PAGE = 32;

type Request = Parameters<EventStore['read']>[0];
type Answer = Readonly<{ version: number | null; events: readonly StoredEvent[] }>;

/** A stream without a limit tells its version by its last event; else that is looked up before. */
const read = async (server: Server, names: Names, { stream, from, direction, limit }: Request): Promise<Answer> => {
  const name = names.streamOf(stream);
  if (direction !== 'backwards' && limit === undefined) {
    const events = await eventsOf(server, names, name, { from: from ?? 0, direction: 'forwards' });
    const last = events.at(-1);
    if (last !== undefined) return { version: last.version, events };
  }
  const version = await versionOfHead(server, name);
  if (version === null) return { version, events: [] };
  const events =
    direction === 'backwards'
      ? await eventsOf(server, names, name, { from: Math.min(from ?? version, version), direction, limit })
      : await eventsOf(server, names, name, { from: from ?? 0, direction: 'forwards', limit });
  // What was appended between the two looks lies behind the first one's version, and is left out.
  return { version, events: events.filter((event) => event.version <= version) };
};

type Window = Readonly<{ from: number; direction: 'forwards' | 'backwards'; limit?: number | undefined }>;

const eventsOf = async (server: Server, names: Names, name: string, { from, direction, limit = Infinity }: Window) => {
  const found: ReadEvent[] = [];
  if (limit <= 0) return [];
  const count = Number.isFinite(limit) ? { maxCount: limit } : {};
  await server.readStream(name, { fromRevision: BigInt(from), direction, ...count }, (event) => void found.push(event));
  return found.map((event) => storedEventOf(names, event));
};

const eventsAfter = async (server: Server, names: Names, after: ServerPosition | null, limit: number) => {
  const found: ReadEvent[] = [];
  const pages = pagesOf(server, names, { from: after ?? 'start', direction: 'forwards', size: limit + 1 });
  while (found.length < limit && (await pages.next((event) => void found.push(event)))) {}
  return found.slice(0, limit).map((event) => storedEventOf(names, event));
};

const head = async (server: Server, names: Names): Promise<Position | null> => {
  let newest: ServerPosition | undefined;
  const pages = pagesOf(server, names, { from: 'end', direction: 'backwards', size: HEAD_PAGE });
  const note = ({ position }: ReadEvent) => {
    newest ??= position;
  };
  while (newest === undefined && (await pages.next(note))) {}
  return newest === undefined ? null : positionOf(newest);
};

const validStream = (stream: StreamId): TE.TaskEither<PortError, StreamId> => {
  const flaw = flawInStream(stream);
  return flaw === null ? TE.right(stream) : TE.left(invalidEvent(flaw));
};
