/**
 * The adapter in the guide keeps the port's conformance suite, and the other one holds in the simulated world: their
 * tests are taken from the page and run here.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { blocksOf, fileNameOf, root } from './support/markdown.ts';

mkdirSync(join(root, '.vitest'), { recursive: true });
const folder = mkdtempSync(join(root, '.vitest', 'guide-'));
const remove = () => rmSync(folder, { recursive: true, force: true });
afterAll(remove);

// A block may import what the example has that it is part of.
cpSync(join(root, 'examples', 'own-adapter'), folder, {
  recursive: true,
  filter: (path) => !/[/\\](?:test|node_modules)$/.test(path),
});
for (const block of blocksOf('docs/adapters/README.md')) {
  const name = fileNameOf(block);
  if (name !== null) writeFileSync(join(folder, name), block.code);
}

for (const name of ['file-secrets.test.ts', 'simulated-vm-runtime.test.ts'])
  await import(join(folder, name)).catch((error: unknown) => {
    // Without tests there is no end of them either.
    remove();
    throw error;
  });
