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

/** `store/invalid-snapshot` and `store/too-large` (permanent) for what would not come back as it is. */
export const sqliteSnapshots = (database: Database): Snapshots => {
  const find = database.prepare('select version, schema, state from snapshot where key = ?');
  const put = database.prepare(
    `insert into snapshot (key, version, schema, state) values (?, ?, ?, ?) on conflict (key)
     do update set version = excluded.version, schema = excluded.schema, state = excluded.state`,
  );

  return {
    load: (key) => database.read(`read the snapshot of ${key}`, () => snapshotOf(find.get(key))),

    save: (key, snapshot) =>
      pipe(
        checked(key, snapshot),
        TE.chain((state) => {
          const { version, schema } = snapshot;
          return database.write(`keep a snapshot of ${key}`, () => put.run(key, version, schema, state));
        }),
        TE.map(() => undefined),
      ),
  };
};

const snapshotOf = (row: Row): Snapshot | null =>
  row === undefined
    ? null
    : { version: integer(row, 'version'), schema: integer(row, 'schema'), state: parsed(text(row, 'state')) };

/** The state as text. */
const checked = (key: string, { version, schema, state }: Snapshot): TE.TaskEither<PortError, string> => {
  const counted = Number.isSafeInteger(version) && Number.isSafeInteger(schema);
  const flaw = flawInText(key, 'key') ?? flawIn(state, 'state') ?? (counted ? null : 'version or schema is no integer');
  if (flaw !== null) {
    const message = `Refused, and nothing was written: ${flaw}.`;
    return TE.left({ kind: 'permanent', code: 'store/invalid-snapshot', message });
  }
  const json = JSON.stringify(state);
  const bytes = Buffer.byteLength(json);
  return bytes > SNAPSHOT_BYTES_MAX ? TE.left(tooLarge('A snapshot', bytes, SNAPSHOT_BYTES_MAX)) : TE.right(json);
};
