/** Which process a number means: numbers are used again, so a number alone proves nothing. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** When this process began, in the system's own terms; null if there is none, or only its remains. */
export const startOf = async (pid: number): Promise<string | null> => {
  if (process.platform !== 'linux') {
    // `ps` fails for a number that is not in use.
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    return stdout.trim().replaceAll(/[^A-Za-z0-9]+/g, '_') || null;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  if (stat === null) return null;
  // The second field is the name in brackets and may hold anything, so count from the last bracket.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
};

/** Whether the process has this word among its arguments: how what we started is known again, by a random word. */
export const hasArgument = async (pid: number, word: string): Promise<boolean> => {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    return stdout.includes(word);
  }
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0').includes(word);
};
