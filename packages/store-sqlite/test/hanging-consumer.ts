/** Takes a message, and is done with it when it is told anything. Parameter: the file. */
import { once } from 'node:events';
import { opened } from './opened.ts';

const [file = ''] = process.argv.slice(2);
const { queue } = await opened({ file });
await queue.consume({ concurrency: 1, signal: new AbortController().signal }, async () => {
  process.stdout.write('taken\n');
  await once(process.stdin, 'data');
  process.stdout.write('done\n');
})();
