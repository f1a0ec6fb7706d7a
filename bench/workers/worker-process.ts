/** One worker of the benchmark: `worker-process.ts <storage> <concurrency> <builds>`. */
import { createRecourse } from '@recourse/engine';
import { nodeHost } from '@recourse/node';
import { openStorage } from '../../packages/engine/test/support/storage.ts';
import { weightlessEngines } from './weightless-engines.ts';

const [storage = '', concurrency = '4', builds = 'true'] = process.argv.slice(2);
const { ports, close } = await openStorage(JSON.parse(storage));
const recourse = createRecourse({
  ...ports,
  ...nodeHost({ secrets: { variables: {}, fingerprintKey: 'only for the benchmark' } }),
  ...weightlessEngines({ builds: builds === 'true' }),
});
const worker = recourse.work({ concurrency: Number(concurrency) });
console.log('working');
process.once('SIGTERM', async () => {
  await worker.stop({ graceMs: 0 });
  await close();
});
