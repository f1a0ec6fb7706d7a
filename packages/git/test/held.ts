/** What a process of ours has left running: found by a name that only its environment has. Linux. */
import { readdir, readFile } from 'node:fs/promises';

/** The processes, of whatever parent, whose environment mentions `mark`. */
export const processesWith = async (mark: string): Promise<readonly number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const marked = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')).includes(mark)),
  );
  return pids.filter((_, n) => marked[n]).map(Number);
};
