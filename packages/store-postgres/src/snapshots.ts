/** Snapshots beside the events. */
import type { Snapshot, Snapshots } from '@recourse/core';
import { flawInText, parsed, snapshotText } from '@recourse/core/storing';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { integer, text } from './columns.ts';
import type { Database } from './database.ts';
import type { Row } from './pool.ts';

/** `store/invalid-snapshot` and `store/too-large` (permanent) for what would not come back as it is. */
export const postgresSnapshots = ({ ask }: Database, schema: string): Snapshots => {
  const find = `select version, schema, state from ${schema}.snapshot where key = $1`;
  const put = `insert into ${schema}.snapshot (key, version, schema, state) values ($1, $2, $3, $4)
    on conflict (key) do update set version = excluded.version, schema = excluded.schema, state = excluded.state`;

  return {
    load: (key) =>
      // PostgreSQL would not take it as text; nor could it have been saved.
      flawInText(key, 'key') === null ? ask(`read the snapshot of ${key}`, find, [key], snapshotOf) : TE.right(null),

    save: (key, snapshot) =>
      pipe(
        TE.fromEither(snapshotText(key, snapshot)),
        TE.chain((state) =>
          ask(`keep a snapshot of ${key}`, put, [key, snapshot.version, snapshot.schema, state], () => undefined),
        ),
      ),
  };
};

const snapshotOf = ([row]: readonly Row[]): Snapshot | null =>
  row === undefined ? null : { version: integer(row, 0), schema: integer(row, 1), state: parsed(text(row, 2)) };
