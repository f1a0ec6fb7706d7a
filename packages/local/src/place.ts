/** Puts a file of JSON in its place at once: whoever looks finds all of it or nothing. */
import { type link, type rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withScratch } from './scratch.ts';

/** By `rename`, which replaces what is there, or by `link`, which fails with EEXIST. */
export const place = (tmp: string, file: string, data: unknown, by: typeof rename | typeof link): Promise<void> =>
  withScratch(tmp, async (folder) => {
    const draft = join(folder, 'draft.json');
    await writeFile(draft, JSON.stringify(data), { flush: true });
    await by(draft, file);
  });
