import { readFile } from 'node:fs/promises';
import { eventually } from '@recourse/testing';

/** Stops a process where it is, and resolves when none of its threads runs any more. `thaw` lets it go on. */
export const freeze = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGSTOP');
  await eventually(
    () => readFile(`/proc/${pid}/stat`, 'utf8'),
    (stat) => /\) T /.test(stat),
  );
};

export const thaw = (pid: number): void => void process.kill(pid, 'SIGCONT');
