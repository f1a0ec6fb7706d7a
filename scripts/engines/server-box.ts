/** A server in a folder of its own: it may crash and start again, and is gone when the process that made it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export type ServerBox = Readonly<{
  /** Returns when the server answers. */
  start(): Promise<void>;
  /** Ends the server as a crash would. What it wrote stays. */
  kill(): Promise<void>;
  /** Ends the server, and removes its folder. */
  stop(): Promise<void>;
}>;

type Server = Readonly<{
  name: string;
  folder: string;
  command: readonly [string, ...string[]];
  /** Ends it at once. */
  signal: 'KILL' | 'QUIT';
  answers: () => Promise<boolean>;
}>;

const script = join(import.meta.dirname, 'server-box.sh');
const readyWithinMs = 30_000;

export const boxServer = ({ name, folder, command, signal, answers }: Server): ServerBox => {
  const child = spawn('bash', [script, folder, signal, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // Writing to a box that has ended is told by `say`, not by an event that nobody listens to.
  child.stdin.on('error', () => undefined);

  const say = async (order: 'start' | 'alive' | 'kill'): Promise<string> => {
    child.stdin.write(`${order}\n`);
    const answer = await lines.next();
    if (answer.done) throw new Error(`the box of ${name} has ended`);
    return answer.value;
  };
  const untilReady = async (): Promise<void> => {
    const deadline = Date.now() + readyWithinMs;
    while (!(await answers())) {
      if (Date.now() > deadline || (await say('alive')) !== 'yes') {
        const log = await readFile(join(folder, 'output.log'), 'utf8').catch(() => '(no log)');
        throw new Error(`${name} did not get ready. Its last words:\n${log.slice(-2000)}`);
      }
      await sleep(20);
    }
  };
  return {
    start: async () => {
      await say('start');
      await untilReady();
    },
    kill: async () => void (await say('kill')),
    stop: async () => {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
