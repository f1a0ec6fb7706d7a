/**
 * Rollback by reuse on Docker: from the call until the new instance provably serves, against a bare script that does
 * `docker run`, waits for the first healthy answer and switches the same HAProxy. In turn, in one run.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EnvironmentId, Fence, InstanceId, type Release } from '@recourse/core';
import { dockerEngine, type ReachOptions } from '@recourse/docker';
import { createRecourse, orFault, type Recourse, type RecourseOptions } from '@recourse/engine';
import { haproxyConfig, haproxyRouter } from '@recourse/haproxy';
import { eventually } from '@recourse/testing';
import { commonPorts } from '../examples/demo/platform.ts';
import { createRepository } from '../examples/demo/repository.ts';
import { startDockerEngine } from '../scripts/engines/docker.ts';
import { startHaproxy } from '../scripts/engines/haproxy.ts';
import { median } from './median.ts';

const ROUNDS = 15;
const shop = EnvironmentId.parse('shop');
/** The script's traffic: the same HAProxy, another host. */
const byHand = EnvironmentId.parse('by-hand');
const run = promisify(execFile);

type Reached = 'by address' | 'by port';
const waysToReach: Readonly<Record<Reached, ReachOptions>> = {
  'by address': { by: 'address' },
  'by port': { by: 'port' },
};

type Bench = Readonly<{
  recourse: Recourse;
  options: RecourseOptions;
  port: number;
  dockerSocket: string;
  reached: Reached;
}>;

export const benchDocker = async (): Promise<void> => {
  const docker = await startDockerEngine();
  try {
    for (const reached of ['by address', 'by port'] as const) await compare(docker.socketPath, reached);
  } finally {
    await docker.stop();
  }
};

/** The containers of both are reached in the same way. */
const compare = async (dockerSocket: string, reached: Reached): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-bench-'));
  const { ports, close } = await commonPorts(folder);
  const haproxy = await startHaproxy(({ port, socketPath, routesFile }) =>
    haproxyConfig({ bind: `127.0.0.1:${port}`, socketPath, routesFile }),
  );
  const router = haproxyRouter({ socketPath: haproxy.socketPath });
  const engine = dockerEngine({ socketPath: dockerSocket, reach: waysToReach[reached] });
  const options = { ...ports, ...engine, router };
  const recourse = createRecourse(options);
  const worker = recourse.work();
  const bench: Bench = { recourse, options, port: haproxy.port, dockerSocket, reached };
  try {
    const repository = createRepository(join(folder, 'repository'), '/bin/busybox');
    for (const release of ['v1', 'v2']) await deploy(bench, repository.url, repository.release(release));
    const ours: number[] = [];
    const script: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await rollBack(bench));
      script.push(await rollBackByHand(bench, round));
    }
    report(reached, ours, script);
  } finally {
    await worker.stop();
    await run('docker', ['-H', `unix://${dockerSocket}`, 'rm', '-f', NAME]);
    for (const { key } of await orFault(options.runtime.list())) await options.runtime.stop(key, { graceMs: 500 })();
    await haproxy.stop();
    close();
    await rm(folder, { recursive: true, force: true });
  }
};

const report = (reached: Reached, ours: readonly number[], script: readonly number[]): void => {
  const [a, b] = [median(ours), median(script)];
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(
    `docker, reached ${reached}: a rollback by reuse serves after ${ms(a)}, by a bare script after ${ms(b)} (medians of ${ROUNDS})`,
  );
  console.log(
    `docker, reached ${reached}: ${(a / b).toFixed(2)} times the script, ${ms(a - b)} more (goal: at most 1.15 times, or 50 ms more)`,
  );
};

const deploy = async ({ recourse }: Bench, repository: string, commit: string): Promise<void> => {
  const asked = await recourse.deploy({
    environment: shop,
    source: { kind: 'git', repository, commit },
    workload: { build: { preset: 'dockerfile', dockerfile: 'Dockerfile' }, run: { port: 8080 } },
    actor: 'ada',
  });
  if (asked._tag === 'Left') throw new Error(asked.left.code);
  const settled = await recourse.settled(asked.right.deployment);
  if (settled._tag === 'Left' || settled.right !== 'live') throw new Error(`it came out ${JSON.stringify(settled)}`);
  await atRest(recourse);
};

const rollBack = async ({ recourse, port }: Bench): Promise<number> => {
  const before = await body('127.0.0.1', port, shop);
  const from = performance.now();
  const asked = await recourse.rollback({ environment: shop, actor: 'ada' });
  if (asked._tag === 'Left') throw new Error(asked.left.code);
  while ((await body('127.0.0.1', port, shop)) === before) await sleep(1);
  const took = performance.now() - from;
  await atRest(recourse);
  return took;
};

/** The container of the script; the one before it is renamed out of the way, and removed when it is replaced. */
const NAME = 'by-hand';

/** What an operator would write. What comes before and after the call is outside of what is measured. */
const rollBackByHand = async (
  { recourse, options, port, dockerSocket, reached }: Bench,
  round: number,
): Promise<number> => {
  const docker = async (...args: readonly string[]) =>
    (await run('docker', ['-H', `unix://${dockerSocket}`, ...args])).stdout.trim();
  const target = await otherRelease(recourse);
  const published = await freePort();
  const before = await body('127.0.0.1', port, byHand);
  const old = await docker('ps', '-q', '--filter', `name=${NAME}`);
  if (old !== '') await docker('rename', NAME, `${NAME}-old`);
  const address =
    reached === 'by port' ? { host: '127.0.0.1', port: published } : { host: await freeAddress(docker), port: 8080 };
  const where =
    reached === 'by port' ? ['-p', `127.0.0.1:${published}:8080`] : ['--network', 'recourse', '--ip', address.host];

  const from = performance.now();
  const id = InstanceId.parse(await docker('run', '-d', '--init', '--name', NAME, ...where, target.image.digest));
  while ((await body(address.host, address.port, byHand)) === null) await sleep(5);
  await orFault(options.router.point(byHand, { upstream: { id, address }, fence: Fence.parse(round + 1) }));
  while ((await body('127.0.0.1', port, byHand)) === before) await sleep(1);
  const took = performance.now() - from;

  if (old !== '') await docker('rm', '-f', old);
  return took;
};

/** One that no container of the network has. */
const freeAddress = async (docker: (...args: readonly string[]) => Promise<string>): Promise<string> => {
  const inspect = (format: string) => docker('network', 'inspect', 'recourse', '--format', format);
  const subnet = await inspect('{{(index .IPAM.Config 0).Subnet}}');
  const used = await inspect('{{range .Containers}}{{.IPv4Address}} {{end}}');
  const candidates = Array.from({ length: 10 }, (_, index) => subnet.replace(/\d+\/\d+$/, String(254 - index)));
  const free = candidates.find((candidate) => !used.includes(`${candidate}/`));
  if (free === undefined) throw new Error(`no address of ${subnet} is free`);
  return free;
};

const otherRelease = async (recourse: Recourse): Promise<Release> => {
  const options = await recourse.rollbackOptions(shop);
  const [option] = options._tag === 'Right' ? options.right : [];
  if (option === undefined) throw new Error('there is no other release');
  return option.target;
};

const atRest = (recourse: Recourse) =>
  eventually(
    async () => {
      const history = await recourse.history({ environment: shop });
      return history._tag === 'Right' ? history.right.entries.map(({ status }) => status) : [];
    },
    ([newest, ...older]) => newest === 'live' && older.every((status) => status === 'retired'),
  );

/** What a host answers; null if it does not answer with 200. */
const body = (host: string, port: number, environment: EnvironmentId): Promise<string | null> =>
  new Promise((resolve) => {
    const headers = { host: `${environment}.example` };
    const asked = request({ host, port, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.once('end', () => resolve(response.statusCode === 200 ? text : null));
      response.once('error', () => resolve(null));
    });
    asked.once('error', () => resolve(null));
    asked.end();
  });

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
