import * as E from 'fp-ts/lib/Either.js';
import type { PortError } from '../ports/port-error.ts';
import type { Snapshot } from '../ports/snapshots.ts';
import { tooLarge } from './draft.ts';
import { flawIn, flawInText, utf8Length } from './plain-json.ts';

/** Of a state as JSON in UTF-8. */
export const SNAPSHOT_BYTES_MAX = 4 * 2 ** 20;

/** The state as text; `store/invalid-snapshot` or `store/too-large` for what would not come back as it is. */
export const snapshotText = (key: string, { version, schema, state }: Snapshot): E.Either<PortError, string> => {
  const counted = Number.isSafeInteger(version) && Number.isSafeInteger(schema);
  const flaw = flawInText(key, 'key') ?? flawIn(state, 'state') ?? (counted ? null : 'version or schema is no integer');
  if (flaw !== null) {
    const message = `Refused, and nothing was written: ${flaw}.`;
    return E.left({ kind: 'permanent', code: 'store/invalid-snapshot', message });
  }
  const json = JSON.stringify(state);
  const bytes = utf8Length(json);
  return bytes > SNAPSHOT_BYTES_MAX ? E.left(tooLarge('A snapshot', bytes, SNAPSHOT_BYTES_MAX)) : E.right(json);
};
