/** A HAProxy for tests, demos and benchmarks: its own port and folder, and gone when the process that started it is. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

/** What a configuration needs to know. */
export type HaproxyPlace = Readonly<{ port: number; socketPath: string; routesFile: string }>;

export type Haproxy = HaproxyPlace &
  Readonly<{
    pid(): Promise<number>;
    /** Ends it at once, as a crash would, and starts it again at the same place; with its routes file or an empty one. */
    restart(options: Readonly<{ forget: boolean }>): Promise<void>;
    stop(): Promise<void>;
  }>;

const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin` };

/** `config` gives the configuration for a place on 127.0.0.1. RECOURSE_HAPROXY may name another program to run. */
export const startHaproxy = async (config: (place: HaproxyPlace) => string, attempts = 3): Promise<Haproxy> => {
  const folder = await mkdtemp(join(tmpdir(), 'rh-'));
  const place = { port: await freePort(), socketPath: join(folder, 'h.sock'), routesFile: join(folder, 'routes.map') };
  const begin = (routes: string) => start(folder, place, { config: config(place), routes });

  let end: () => Promise<void>;
  try {
    end = await begin('');
  } catch (error) {
    // Somebody else took the port between the look for it and HAProxy's start.
    if (attempts > 1 && /cannot bind/i.test(String(error))) return startHaproxy(config, attempts - 1);
    throw error;
  }
  const stop = () => end();
  return {
    ...place,
    pid: async () => Number(/^Pid: (\d+)$/m.exec(await ask(place.socketPath, 'show info'))?.[1]),
    stop,
    restart: async ({ forget }) => {
      const routes = forget ? '' : await readFile(place.routesFile, 'utf8');
      await stop();
      end = await begin(routes);
    },
  };
};

const program = () => process.env['RECOURSE_HAPROXY'] || 'haproxy';

const lifeline = join(import.meta.dirname, 'lifeline.sh');

/** Runs HAProxy in the foreground, with the folder, for as long as this process lives; returns what ends both. */
const start = async (
  folder: string,
  { socketPath, routesFile }: HaproxyPlace,
  files: Readonly<{ config: string; routes: string }>,
): Promise<() => Promise<void>> => {
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'haproxy.cfg');
  await Promise.all([writeFile(routesFile, files.routes), writeFile(configFile, files.config)]);
  await check(configFile).catch(async (error) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const child = spawn('bash', [lifeline, folder, program(), '-db', '-f', configFile], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env,
  });
  const ended = once(child, 'close');
  const end = async () => {
    child.stdin.end();
    await ended;
  };
  try {
    await untilReady(socketPath, join(folder, 'output.log'));
  } catch (cause) {
    const output = await readFile(join(folder, 'output.log'), 'utf8').catch(() => '');
    await end();
    throw new Error(`HAProxy did not start: ${output.trim().slice(-2000)}`, { cause });
  }
  return end;
};

const check = (configFile: string): Promise<unknown> =>
  promisify(execFile)(program(), ['-c', '-f', configFile], { env }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('HAProxy is not installed: "apt-get install haproxy" brings it (2.6 or later, with Lua).');
  });

const patienceMs = 15_000;

const untilReady = async (socketPath: string, log: string): Promise<void> => {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask(socketPath, 'show info').catch((error: Error) => error);
    if (typeof answer === 'string') return;
    const gaveUp = /\[ALERT\]/.test(await readFile(log, 'utf8').catch(() => ''));
    if (gaveUp || Date.now() > deadline) throw answer;
    await sleep(20);
  }
};

const ask = async (socketPath: string, command: string): Promise<string> => {
  const socket = connect(socketPath);
  socket.end(`${command}\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
};
