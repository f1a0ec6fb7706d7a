/** A Docker daemon and a registry for tests, demos and benchmarks: their own, private, and gone afterwards. */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { askForSharedEngine } from './shared.ts';

export type DockerEngine = Readonly<{ socketPath: string; stop(): Promise<void> }>;

export type PrivateDockerEngine = DockerEngine &
  Readonly<{
    /** The network interface that its containers share. */
    bridge: string;
    /** Ends the daemon as a crash would: the containers' processes go on. */
    kill(): Promise<void>;
    /** Starts it again on the same folders. */
    start(): Promise<void>;
  }>;

/**
 * The daemon that RECOURSE_DOCKER_SOCKET names; or the one that this test run shares, which starts when it is first
 * asked for; or one of its own. Only the last is ended by `stop`.
 */
export const startDockerEngine = async (): Promise<DockerEngine> => {
  const socketPath = process.env['RECOURSE_DOCKER_SOCKET'] || (await askForSharedEngine('docker'));
  return socketPath ? { socketPath, stop: async () => undefined } : startPrivateDockerEngine();
};

const box = join(import.meta.dirname, 'dockerd-box.sh');

/** Always a daemon of its own, for a test that kills it. */
export const startPrivateDockerEngine = async (
  options: Readonly<{ liveRestore?: boolean }> = {},
): Promise<PrivateDockerEngine> => {
  const folder = await mkdtemp(join(tmpdir(), 'rd-'));
  const bridge = `rec${randomInt(0x1000000).toString(16)}`;
  const more = options.liveRestore ? ['--live-restore'] : [];
  const child = spawn('bash', [box, folder, bridge, freeSubnet(), ...more], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const socketPath = join(folder, 'docker.sock');

  const say = async (order: 'start' | 'alive' | 'kill'): Promise<string> => {
    child.stdin.write(`${order}\n`);
    const answer = await answers.next();
    if (answer.done) throw new Error('dockerd needs to be started as root, in a system that allows namespaces.');
    return answer.value;
  };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (): Promise<void> => {
    await say('start');
    await untilReady(socketPath, join(folder, 'dockerd.log'), async () => (await say('alive')) === 'yes');
  };
  // Writing to a box that has ended is told by `say`, not by an event that nobody listens to.
  child.stdin.on('error', () => undefined);
  try {
    await start();
    await makeNetwork(socketPath, `${bridge}n`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { socketPath, bridge, stop, start, kill: async () => void (await say('kill')) };
};

/** Any /24 of 10.200.0.0 to 10.254.255.0 that no interface of this machine is in. */
const freeSubnet = (): string => {
  const used = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  );
  for (;;) {
    const prefix = `10.${200 + randomInt(55)}.${randomInt(256)}.`;
    if (!used.some((address) => address.startsWith(prefix))) return `${prefix}1/24`;
  }
};

/** The network that the Docker adapter would make, with an interface that the box knows to remove. */
const makeNetwork = async (socketPath: string, bridge: string): Promise<void> => {
  const Subnet = freeSubnet().replace('.1/24', '.0/24');
  const Options = { 'com.docker.network.bridge.name': bridge };
  const body = JSON.stringify({ Name: 'recourse', Driver: 'bridge', IPAM: { Config: [{ Subnet }] }, Options });
  const status = await new Promise<number>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request({ socketPath, path: '/networks/create', method: 'POST', headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', reject);
    call.end(body);
  });
  if (status !== 201) throw new Error(`dockerd did not make the network ${Subnet}: status ${status}.`);
};

const readyWithinMs = 60_000;

const untilReady = async (socketPath: string, logFile: string, isAlive: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + readyWithinMs;
  while (!(await answersPing(socketPath))) {
    if (Date.now() > deadline || !(await isAlive())) {
      const log = await readFile(logFile, 'utf8').catch(() => '(no log)');
      throw new Error(`dockerd did not get ready. Its last words:\n${log.slice(-4000)}`);
    }
    await sleep(25);
  }
};

const answersPing = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy());
    ping.on('error', () => resolve(false));
    ping.end();
  });
