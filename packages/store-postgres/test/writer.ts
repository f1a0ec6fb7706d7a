/**
 * Appends until it is killed, or its standard input ends, and tells of each append before and after: lines of JSON,
 * written at once, so that nothing is acknowledged that was not said. Parameters: the server, its name, the streams.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instant, type NewEvent } from '@recourse/core';
import { openPostgresStore } from '../src/index.ts';

const [connection = '', name = '', ...streams] = process.argv.slice(2);
let opened = await openPostgresStore({ connection })();
// The server may just be starting again.
while (opened._tag === 'Left' && opened.left.kind === 'transient') {
  await sleep(100);
  opened = await openPostgresStore({ connection })();
}
if (opened._tag === 'Left') throw new Error(opened.left.message);
const { store, close } = opened.right;
const tell = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
/** The same clock in all processes of the machine. */
const now = () => Number(process.hrtime.bigint());

const event = (): NewEvent => ({
  id: randomUUID(),
  type: 'StepStarted',
  schemaVersion: 1,
  data: { by: name },
  metadata: { recordedAt: Instant.parse(0), actor: name, correlationId: 'c', causationId: 'k' },
});

let stopped = false;
process.stdin.on('end', () => {
  stopped = true;
});
process.stdin.resume();
for (let n = 0; !stopped; n += 1) {
  const stream = streams[n % streams.length] ?? '';
  const added: [NewEvent, ...NewEvent[]] = [event(), ...Array.from({ length: n % 3 }, event)];
  tell({ stream, ids: added.map(({ id }) => id), invokedAt: now() });
  const outcome = await store.append({ stream, expected: 'any', events: added })();
  if (outcome._tag === 'Right') tell({ version: outcome.right.version, endedAt: now() });
  else if (outcome.left.kind === 'permanent') throw new Error(outcome.left.message);
}
await close();
