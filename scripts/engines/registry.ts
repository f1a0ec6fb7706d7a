/** A registry for tests, in front of nothing but its own folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Registry = Readonly<{
  /** `127.0.0.1:port`, the first part of a reference. */
  host: string;
  stop(): Promise<void>;
}>;

/** Who may use a registry that was started with `protect`. */
export const registryUser = { username: 'ada', password: 'lovelace' } as const;
const passwordFile = 'ada:$2b$04$U/juhF5PXr0WpLFFqiOhVeEFbFB8uk2ufCXICdA7zX43fRmjV9hBu\n';

export const startRegistry = async (options: Readonly<{ protect?: boolean }> = {}): Promise<Registry> => {
  const folder = await mkdtemp(join(tmpdir(), 'rr-'));
  const auth = options.protect ? `auth: { htpasswd: { realm: tests, path: ${folder}/users } }\n` : '';
  await writeFile(join(folder, 'users'), passwordFile);
  await writeFile(
    join(folder, 'config.yml'),
    `version: 0.1
storage: { filesystem: { rootdirectory: ${folder}/data }, delete: { enabled: true } }
http: { addr: '127.0.0.1:0' }
${auth}`,
  );
  const lifeline = join(import.meta.dirname, 'lifeline.sh');
  const child = spawn('bash', [lifeline, folder, 'docker-registry', 'serve', join(folder, 'config.yml')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { host: await listeningAddress(join(folder, 'output.log')), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** The registry picks a free port and tells it in its log. */
const listeningAddress = async (logFile: string): Promise<string> => {
  let log = '';
  for (let triesLeft = 400; triesLeft > 0; triesLeft--) {
    log = await readFile(logFile, 'utf8').catch(() => '');
    const host = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
    if (host) return host;
    await sleep(25);
  }
  throw new Error(`docker-registry was not ready after 10 s. Its last words:\n${log.slice(-2000)}`);
};
