/** Takes a message and never gives it back. Parameter: the file. */
import { opened } from './opened.ts';

const [file = ''] = process.argv.slice(2);
const { queue } = await opened({ file });
await queue.consume({ concurrency: 1, signal: new AbortController().signal }, () => {
  process.stdout.write('taken\n');
  return new Promise(() => {});
})();
