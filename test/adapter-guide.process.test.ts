/** The adapter in the guide keeps the port's conformance suite: its test is taken from the page and run here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { blocksOf, fileNameOf, root } from './support/markdown.ts';

mkdirSync(join(root, '.vitest'), { recursive: true });
const folder = mkdtempSync(join(root, '.vitest', 'guide-'));
const remove = () => rmSync(folder, { recursive: true, force: true });
afterAll(remove);

for (const block of blocksOf('docs/adapters/README.md')) {
  const name = fileNameOf(block);
  if (name !== null) writeFileSync(join(folder, name), block.code);
}

await import(join(folder, 'file-secrets.test.ts')).catch((error: unknown) => {
  // Without tests there is no end of them either.
  remove();
  throw error;
});
