/**
 * `$all`, page after page, without what is not ours: the server may belong to others as well, and EventStoreDB's client
 * cannot have it filter.
 */
import type { ReadAllOptions, ReadEvent, ServerPosition } from './client.ts';
import type { Names } from './names.ts';
import { isAfter } from './position.ts';
import type { Server } from './server.ts';

export type Pages = Readonly<{
  /** Hands over what is ours of the next page. False if there was no page any more. */
  next(use: (event: ReadEvent) => void): Promise<boolean>;
}>;

type From = Readonly<{
  from: ReadAllOptions['fromPosition'];
  direction: 'forwards' | 'backwards';
  /** How much is read in one go. */
  size: number;
}>;

/** A page of less would find nothing but where the last one ended. */
const PAGE_MIN = 32;
/** An event has up to 1 MiB. */
const PAGE_MAX = 512;

export const pagesOf = (server: Server, names: Names, { from, direction, size }: From): Pages => {
  let position = from;
  const maxCount = Math.min(Math.max(size, PAGE_MIN), PAGE_MAX);
  /** The server begins with the event at the position itself. */
  const isBehind = (one: ServerPosition): boolean => {
    if (position === 'start' || position === 'end') return true;
    return direction === 'forwards' ? isAfter(one, position) : isAfter(position, one);
  };

  return {
    next: async (use) => {
      let moved = false;
      await server.readAll({ fromPosition: position, direction, maxCount, filter: names.filter }, (event) => {
        if (event.position === undefined || !isBehind(event.position)) return;
        position = event.position;
        moved = true;
        if (names.idOf(event.streamId) !== null) use(event);
      });
      return moved;
    },
  };
};
