/** Measures what the documentation claims. `npm run bench`, or `npm run bench -- core`. */
import { benchCore } from './core.ts';
import { benchDocker } from './docker.ts';
import { benchHistory } from './history.ts';
import { benchStores } from './stores.ts';
import { benchWorkers } from './workers/workers.ts';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  core: benchCore,
  history: benchHistory,
  stores: benchStores,
  docker: benchDocker,
  workers: benchWorkers,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(benches)) if (wanted.length === 0 || wanted.includes(name)) await bench();
