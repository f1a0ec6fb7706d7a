/** Takes a message; when it is told anything it is done with it, takes no other, and ends. Parameters: PostgreSQL's URL, a queue's name. */
import { once } from 'node:events';
import { opened } from './opened.ts';

const [connection = '', name = ''] = process.argv.slice(2);
const { queue, close } = await opened({ connection, name });
const abort = new AbortController();
await queue.consume({ concurrency: 1, signal: abort.signal }, async () => {
  process.stdout.write('taken\n');
  await once(process.stdin, 'data');
  abort.abort();
})();
await close();
process.stdin.destroy();
