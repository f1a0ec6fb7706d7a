/** Waits for one event, and for nothing else. Parameter: the file. */
import { opened } from './opened.ts';

const [file = ''] = process.argv.slice(2);
const { store } = await opened({ file });
const abort = new AbortController();
process.stdout.write('waiting\n');
await store.subscribe({ after: null, signal: abort.signal }, async ([event]) => {
  process.stdout.write(`heard of ${event?.stream}\n`);
  abort.abort();
})();
