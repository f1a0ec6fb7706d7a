/** The platform's processes: an API, and workers that are started again when they die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Settings, toVariables } from './settings.ts';

const RESTART_MS = 300;

const start = (role: 'api' | 'worker', settings: Settings): ChildProcess =>
  spawn(process.execPath, ['--conditions=@recourse/source', join(import.meta.dirname, 'platform.ts'), role], {
    env: { ...process.env, ...toVariables(settings) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** What a process says first: that it is ready. Null if it ended before. */
const firstLine = async ({ stdout }: ChildProcess): Promise<string | null> => {
  if (stdout === null) return null;
  for await (const line of createInterface(stdout)) return line;
  return null;
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};

export const startApi = async (settings: Settings) => {
  const child = start('api', settings);
  const port = await firstLine(child);
  if (port === null) throw new Error('The API ended before it was ready.');
  return { url: new URL(`http://127.0.0.1:${port}/`), stop: () => end(child) };
};

export type Victim = Readonly<{
  /** At once, as a machine that fails; another takes its place. */
  kill(): void;
  /** As a machine that is stopped for a while, and wakes up in the middle of what it was doing. */
  freeze(ms: number): Promise<void>;
}>;

export type Workers = Readonly<{
  /** Those that are up and awake. */
  awake(): readonly Victim[];
  stop(): Promise<void>;
}>;

export const startWorkers = async (count: number, settings: Settings): Promise<Workers> => {
  let stopping = false;
  const awake = new Set<ChildProcess>();
  const up = new Set<ChildProcess>();

  const keepUp = async (): Promise<void> => {
    const child = start('worker', settings);
    up.add(child);
    child.once('exit', async () => {
      up.delete(child);
      awake.delete(child);
      await sleep(RESTART_MS);
      if (!stopping) await keepUp();
    });
    if ((await firstLine(child)) !== null) awake.add(child);
  };
  await Promise.all(Array.from({ length: count }, keepUp));

  const victimOf = (child: ChildProcess): Victim => ({
    kill: () => {
      awake.delete(child);
      child.kill('SIGKILL');
    },
    freeze: async (ms) => {
      awake.delete(child);
      child.kill('SIGSTOP');
      await sleep(ms);
      child.kill('SIGCONT');
      if (up.has(child)) awake.add(child);
    },
  });

  return {
    awake: () => [...awake].map(victimOf),
    stop: async () => {
      stopping = true;
      await Promise.all([...up].map(end));
    },
  };
};
