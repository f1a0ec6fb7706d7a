/** Says that it is ready, waits to be told, and opens a store in each schema. Parameters: the server, the schemas. */
import { once } from 'node:events';
import { openPostgresStore } from '../src/index.ts';

const [connection = '', ...schemas] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (const schema of schemas) {
  const opened = await openPostgresStore({ connection, schema })();
  if (opened._tag === 'Left') throw new Error(opened.left.message);
  await opened.right.close();
}
process.exit(0);
