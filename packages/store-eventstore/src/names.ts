/** Where things are on the server: everything of ours begins with the prefix, so that others may use the server, too. */
import type { PortError, StreamId } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { StreamFilter } from './client.ts';

export type Names = Readonly<{
  prefix: string;
  streamOf(stream: StreamId): string;
  /** Null for a stream that is not one of events of ours. */
  idOf(name: string): StreamId | null;
  /** No stream of events has this name: none begins with `$`. */
  snapshotOf(key: string): string;
  /** All streams of events of ours. */
  filter: StreamFilter;
}>;

/** How many times the server looks through 32 events before it says how far it is. */
const CHECKPOINT_INTERVAL = 8;

export const namesWith = (prefix: string): E.Either<PortError, Names> => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(prefix)) return E.left(invalidPrefix(prefix));
  const isOurs = (name: string) =>
    name.startsWith(prefix) && name.length > prefix.length && name[prefix.length] !== '$';
  return E.right({
    prefix,
    streamOf: (stream) => prefix + stream,
    idOf: (name) => (isOurs(name) ? name.slice(prefix.length) : null),
    snapshotOf: (key) => `${prefix}$snapshot-${key}`,
    filter: {
      filterOn: 'streamName',
      regex: `^${prefix.replaceAll('.', '\\.')}[^$]`,
      checkpointInterval: CHECKPOINT_INTERVAL,
    },
  });
};

const invalidPrefix = (prefix: string): PortError => ({
  kind: 'permanent',
  code: 'store/invalid-prefix',
  message:
    `${JSON.stringify(prefix)} cannot begin the names of streams. ` +
    'Give 1 to 100 letters, digits, ".", "_" or "-", the first a letter or a digit.',
});
