/** Handles what is due for a while each, and tells when each began and ended. Parameters: Redis's URL, a prefix. */
import { setTimeout as sleep } from 'node:timers/promises';
import { opened } from './opened.ts';

const [connection = '', prefix = ''] = process.argv.slice(2);
const { queue } = await opened({ connection, prefix });
/** The same clock in all processes of the machine. */
const now = () => Number(process.hrtime.bigint());

await queue.consume({ concurrency: 4, signal: new AbortController().signal }, async (message) => {
  const began = now();
  await sleep(60);
  process.stdout.write(`${JSON.stringify({ message, began, ended: now() })}\n`);
})();
