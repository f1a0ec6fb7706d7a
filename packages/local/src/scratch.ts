/** Folders for what is not finished yet. Each bears its owner's identity, so that others can clear up after a crash. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { startOf } from './process-identity.ts';

/** Runs `use` with a new folder under `tmp`, and removes it after, whatever happened. */
export const withScratch = async <A>(tmp: string, use: (folder: string) => Promise<A>): Promise<A> => {
  await sweepScratch(tmp);
  const folder = join(tmp, [...(await self()), randomBytes(8).toString('hex')].join('.'));
  await mkdir(folder);
  try {
    return await use(folder);
  } finally {
    await remove(folder);
  }
};

/** Removes a folder, also one into which a process that is just ending still writes. */
export const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** Removes what workers of this machine left that are dead. Of another machine's workers nothing can be known. */
export const sweepScratch = async (tmp: string): Promise<void> => {
  for (const name of await readdir(tmp)) {
    const [host, pid, start] = name.split('.');
    if (host !== thisHost() || start === undefined) continue;
    if ((await startOf(Number(pid))) !== start) await remove(join(tmp, name));
  }
};

const self = async () => [thisHost(), String(process.pid), (await startOf(process.pid)) ?? 'unknown'] as const;

const thisHost = () => hostname().replaceAll(/[^A-Za-z0-9-]/g, '_');
