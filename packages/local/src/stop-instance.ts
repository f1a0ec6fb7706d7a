/** Ends an instance's processes and removes its files, in an order that a crash in between does not spoil. */
import { readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup } from './end-group.ts';
import { codeOf } from './failure.ts';
import { folderOf, type InstanceRecord, latestRun } from './instance-files.ts';
import { ifPresent, type Layout } from './layout.ts';
import { hasArgument } from './process-identity.ts';
import { MARK, STOPPING } from './run-instance.ts';
import { withScratch } from './scratch.ts';

/** How long a process may take to vanish after it was ended by force. */
const FORCE_MS = 10_000;
const PAUSE_MS = 10;

/** The mark comes first: from then on no run of this instance begins, also none that is already on its way. */
export const stopInstance = async (layout: Layout, record: InstanceRecord, graceMs: number): Promise<void> => {
  const folder = folderOf(layout, record);
  await ifPresent(layout.instances, () => writeFile(join(folder, STOPPING), ''));
  const { pid } = await latestRun(layout, record);
  if (pid !== null) await endRun(pid, record.id, graceMs);
  await endStrays(record.id);
  await withScratch(layout.tmp, (scratch) =>
    ifPresent(layout.instances, () => rename(folder, join(scratch, 'stopped'))),
  );
  await rmdir(join(layout.instances, record.key)).catch(unlessTaken);
};

/** Waits for a run that has ended to be gone with all that belonged to it: the next one needs its port. */
export const endRemains = async (leader: number, id: string): Promise<void> => {
  if (!(await ends(() => hasArgument(leader, id), FORCE_MS))) endGroup(leader, 'SIGKILL');
  await endStrays(id);
};

const endRun = async (leader: number, id: string, graceMs: number): Promise<void> => {
  const running = () => hasArgument(leader, id);
  if (await running()) endGroup(leader, 'SIGTERM');
  if (await ends(running, graceMs)) return;
  endGroup(leader, 'SIGKILL');
  if (!(await ends(running, FORCE_MS))) throw new Error(`process ${leader} does not end`);
};

const ends = async (running: () => Promise<boolean>, withinMs: number): Promise<boolean> => {
  const deadline = performance.now() + withinMs;
  while (await running()) {
    if (performance.now() >= deadline) return false;
    await sleep(PAUSE_MS);
  }
  return true;
};

/**
 * What left its group, or lost the process that stood above it. Found by the mark in its environment, which only Linux
 * shows; elsewhere such processes are not found.
 */
const endStrays = async (id: string): Promise<void> => {
  if (process.platform !== 'linux') return;
  const deadline = performance.now() + FORCE_MS;
  for (let strays = await marked(id); strays.length > 0; strays = await marked(id)) {
    for (const pid of strays) endProcess(pid);
    if (performance.now() > deadline) throw new Error(`processes ${strays.join(', ')} do not end`);
    await sleep(PAUSE_MS);
  }
};

const marked = async (id: string): Promise<number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    return environment.split('\0').includes(`${MARK}=${id}`) ? [Number(pid)] : [];
  });
  return (await Promise.all(found)).flat();
};

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (cause) {
    if (codeOf(cause) !== 'ESRCH') throw cause;
  }
};

/** Gone already, or the next instance of this key is there. */
const unlessTaken = (cause: unknown): void => {
  if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(cause) ?? '')) throw cause;
};
