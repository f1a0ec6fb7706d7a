/** Snapshots beside the events. */
import type { PortError, Snapshot, Snapshots } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { integer, type Row, text } from './columns.ts';
import type { Database } from './database.ts';
import { tooLarge } from './draft.ts';
import { flawIn, flawInText, parsed } from './plain-json.ts';

/** Of a state as JSON in UTF-8. */
export const SNAPSHOT_BYTES_MAX = 4 * 2 ** 20;

/** `store/invalid-snapshot` and `store/too-large` (permanent) for a state that would not come back as it is. */
export const sqliteSnapshots = (database: Database): Snapshots => {
  const find = database.prepare('select version, schema, state from snapshot where key = ?');
  const put = database.prepare(
    `insert into snapshot (key, version, schema, state) values (?, ?, ?, ?) on conflict (key)
     do update set version = excluded.version, schema = excluded.schema, state = excluded.state`,
  );

  return {
    load: (key) => database.read(`read the snapshot of ${key}`, () => snapshotOf(find.get(key))),

    save: (key, { version, schema, state }) =>
      pipe(
        checked(key, state),
        TE.chain((json) => database.write(`keep a snapshot of ${key}`, () => put.run(key, version, schema, json))),
        TE.map(() => undefined),
      ),
  };
};

const snapshotOf = (row: Row): Snapshot | null =>
  row === undefined
    ? null
    : { version: integer(row, 'version'), schema: integer(row, 'schema'), state: parsed(text(row, 'state')) };

const checked = (key: string, state: unknown): TE.TaskEither<PortError, string> => {
  const flaw = flawInText(key, 'key') ?? flawIn(state, 'state');
  if (flaw !== null) {
    const message = `Refused, and nothing was written: ${flaw}.`;
    return TE.left({ kind: 'permanent', code: 'store/invalid-snapshot', message });
  }
  const json = JSON.stringify(state);
  const bytes = Buffer.byteLength(json);
  return bytes > SNAPSHOT_BYTES_MAX ? TE.left(tooLarge('A snapshot', bytes, SNAPSHOT_BYTES_MAX)) : TE.right(json);
};
