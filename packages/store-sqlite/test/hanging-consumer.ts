/** Takes a message; when it is told anything it is done with it, takes no other, and ends. Parameter: the file. */
import { once } from 'node:events';
import { opened } from './opened.ts';

const [file = ''] = process.argv.slice(2);
const { queue, close } = await opened({ file });
const abort = new AbortController();
await queue.consume({ concurrency: 1, signal: abort.signal }, async () => {
  process.stdout.write('taken\n');
  await once(process.stdin, 'data');
  abort.abort();
})();
close();
process.stdin.destroy();
