import * as E from 'fp-ts/lib/Either.js';
import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/ports/snapshots.ts';
import { SNAPSHOT_BYTES_MAX, snapshotText } from '../../src/storing/index.ts';

const snapshot = (over: object = {}): Snapshot => ({ version: 31, schema: 2, state: { live: null }, ...over });
const invalid = (flaw: string) =>
  E.left({
    kind: 'permanent',
    code: 'store/invalid-snapshot',
    message: `Refused, and nothing was written: ${flaw}.`,
  });

test('a snapshot is kept as the text of its state', () => {
  expect(snapshotText('environment-shop', snapshot())).toEqual(E.right('{"live":null}'));
});

test.each<[string, string, object]>([
  ['key holds a NUL character', '\0', {}],
  ['state.a is undefined, which JSON cannot say', 'key', { state: { a: undefined } }],
  ['version or schema is no integer', 'key', { version: 0.5 }],
  ['version or schema is no integer', 'key', { schema: Number.NaN }],
])('a snapshot is refused if %s', (flaw, key, over) => {
  expect(snapshotText(key, snapshot(over))).toEqual(invalid(flaw));
});

test('a snapshot may have four mebibytes', () => {
  const stateOf = (bytes: number) => snapshot({ state: 'x'.repeat(bytes - '""'.length) });
  expect(snapshotText('key', stateOf(SNAPSHOT_BYTES_MAX))).toMatchObject({ _tag: 'Right' });
  expect(snapshotText('key', stateOf(SNAPSHOT_BYTES_MAX + 1))).toEqual(
    E.left({
      kind: 'permanent',
      code: 'store/too-large',
      message:
        'A snapshot of 4194305 bytes is over the limit of 4194304 bytes, and nothing was written. Keep less in it.',
    }),
  );
});
