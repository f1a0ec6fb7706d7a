/** Snapshots beside the events. */
import type { Snapshot, Snapshots } from '@recourse/core';
import { parsed, snapshotText } from '@recourse/core/storing';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { integer, type Row, text } from './columns.ts';
import type { Database } from './database.ts';

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
        TE.fromEither(snapshotText(key, snapshot)),
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
