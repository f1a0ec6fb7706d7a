/** Opens one new file after the other, as fast as it can, when told to. Parameters: the files. */
import { once } from 'node:events';
import { opened } from './opened.ts';

process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (const file of process.argv.slice(2)) (await opened({ file })).close();
process.exit();
