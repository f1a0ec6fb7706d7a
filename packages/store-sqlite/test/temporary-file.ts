import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A place for a database, in a folder of its own that is removed when the test is over. */
export const temporaryFile = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-sqlite-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'store.db');
};
