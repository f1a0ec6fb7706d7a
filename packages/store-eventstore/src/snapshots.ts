/** Snapshots: a stream for each key, of which the server keeps the last event. */
import { randomUUID } from 'node:crypto';
import type { Snapshot, Snapshots } from '@recourse/core';
import { parsed, snapshotText } from '@recourse/core/storing';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ReadEvent } from './client.ts';
import { typedError } from './failure.ts';
import type { Names } from './names.ts';
import type { Server } from './server.ts';

/** How often it is seen to that old ones are dropped: at the first one, and again should that have been missed. */
const CARE_EVERY = 64n;

/** `store/invalid-snapshot` and `store/too-large` (permanent) for what would not come back as it is. */
export const snapshotsOn = (server: Server, names: Names): Snapshots => ({
  load: (key) =>
    server.attempt(`read the snapshot of ${key}`, async () => {
      let last: ReadEvent | undefined;
      const options = { fromRevision: 'end', direction: 'backwards', maxCount: 1 } as const;
      await server.readStream(names.snapshotOf(key), options, (event) => {
        last = event;
      });
      return last === undefined ? null : snapshotIn(last);
    }),

  save: (key, snapshot) =>
    pipe(
      TE.fromEither(snapshotText(key, snapshot)),
      TE.chain((text) =>
        server.attempt(`keep a snapshot of ${key}`, () => save(server, names.snapshotOf(key), snapshot, text)),
      ),
    ),
});

const save = async (server: Server, stream: string, { version, schema }: Snapshot, text: string): Promise<void> => {
  const data = { version, schema, state: parsed(text) };
  const event = { id: randomUUID(), contentType: 'application/json', type: 'Snapshot', data, metadata: {} } as const;
  const answer = await server.append(stream, [event], 'any');
  if (answer.appended && answer.revision % CARE_EVERY === 0n) await server.keepOnlyLast(stream);
};

const snapshotIn = ({ streamId, revision, isJson, data }: ReadEvent): Snapshot => {
  if (isJson && isSnapshot(data)) return data;
  throw typedError('corrupt', `event ${revision} of ${streamId} is not a snapshot of Recourse`);
};

/** Its state is what the client parsed as JSON. */
const isSnapshot = (value: unknown): value is Snapshot =>
  typeof value === 'object' &&
  value !== null &&
  'version' in value &&
  Number.isSafeInteger(value.version) &&
  'schema' in value &&
  Number.isSafeInteger(value.schema) &&
  'state' in value;
