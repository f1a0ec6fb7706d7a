/** Hands that reach around the adapter: they look at files and processes, and take the directory away. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Digest } from '@recourse/core';

/** A new directory whose path is as awkward as a user's may be. */
export const temporaryDirectory = async () => {
  const parent = await mkdtemp(join(tmpdir(), 'recourse local ünï '));
  const path = join(parent, 'it\'s a "dïrectory" $HOME');
  const away = join(parent, 'away');
  return {
    parent,
    path,
    disconnect: () => rename(path, away),
    reconnect: async () => {
      if (existsSync(away)) await rename(away, path);
    },
    remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5 }),
  };
};

export const entriesOf = (...path: string[]): Promise<string[]> => readdir(join(...path));

export const bundlesIn = async (directory: string): Promise<readonly Digest[]> =>
  (await entriesOf(directory, 'images')).map((file) => Digest.parse(file.replace('-', ':').replace('.tar', '')));

/** The processes that work in this directory, whoever started them. */
export const processesIn = async (directory: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (cwd.startsWith(directory) || (line.includes(directory) && Number(pid) !== process.pid)) {
      found.push(`process ${pid}: ${line.replaceAll('\0', ' ').slice(0, 100)}`);
    }
  }
  return found;
};

/** The child of a process that runs this program. */
export const childOf = async (parent: number, program: string): Promise<number> => {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.split('\0')[0] === program && stat.split(') ')[1]?.split(' ')[1] === String(parent)) return Number(pid);
  }
  throw new Error(`process ${parent} has no child ${program}`);
};
