/**
 * Appends until it has made so many appends, or is killed, and tells of each before and after: lines of JSON, written
 * at once, so that nothing is acknowledged that was not said. Parameters: the file, its name, the count, the streams.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { Instant, NewEvent } from '@recourse/core';
import { opened } from './opened.ts';

const [file = '', name = '', count = '', ...streams] = process.argv.slice(2);
const { store } = await opened({ file });
const tell = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
/** The same clock in all processes of the machine. */
const now = () => Number(process.hrtime.bigint());

const event = (): NewEvent => ({
  id: randomUUID(),
  type: 'StepStarted',
  schemaVersion: 1,
  data: { by: name, note: 'x'.repeat(200) },
  metadata: { recordedAt: 0 as Instant, actor: name, correlationId: 'c', causationId: 'k' },
});

for (let n = 0; n < Number(count); n += 1) {
  const stream = streams[n % streams.length] ?? '';
  const added: [NewEvent, ...NewEvent[]] = [event(), ...Array.from({ length: n % 3 }, event)];
  tell({ stream, ids: added.map(({ id }) => id), invokedAt: now() });
  const outcome = await store.append({ stream, expected: 'any', events: added })();
  const version = outcome._tag === 'Right' ? outcome.right.version : null;
  tell({ version, endedAt: now() });
}
tell({ done: true });
