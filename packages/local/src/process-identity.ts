/** Which process a number means: numbers are used again, so a number alone proves nothing. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf } from './failure.ts';

const run = promisify(execFile);

/** When this process began, in the system's own terms; null if there is none, or only its remains. */
export const startOf = async (pid: number): Promise<string | null> => {
  if (process.platform !== 'linux') return (await ps(pid, 'lstart=')).replaceAll(/[^A-Za-z0-9]+/g, '_') || null;
  const stat = await readProc(pid, 'stat');
  if (stat === '') return null;
  // The second field is the name in brackets and may hold anything, so count from the last bracket.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
};

/** Whether the process has this word among its arguments: how what we started is known again, by a random word. */
export const hasArgument = async (pid: number, word: string): Promise<boolean> => {
  if (process.platform !== 'linux') return (await ps(pid, 'args=')).includes(word);
  return (await readProc(pid, 'cmdline')).split('\0').includes(word);
};

/** Empty if there is no such process. That it could not be read is no answer: it must not pass for dead. */
const readProc = (pid: number, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, 'utf8').catch((cause: unknown) => {
    if (!['ENOENT', 'ESRCH'].includes(codeOf(cause) ?? '')) throw cause;
    return '';
  });

/** `ps` ends with 1 for a number that is not in use. */
const ps = async (pid: number, field: string): Promise<string> => {
  const answer = await run('ps', ['-ww', '-o', field, '-p', String(pid)]).catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 1)) throw cause;
    return { stdout: '' };
  });
  return answer.stdout.trim();
};
