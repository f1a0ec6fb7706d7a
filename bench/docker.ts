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
import { dockerEngine } from '@recourse/docker';
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

type Bench = Readonly<{ recourse: Recourse; options: RecourseOptions; port: number; dockerSocket: string }>;

export const benchDocker = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-bench-'));
  const { ports, close } = await commonPorts(folder);
  const docker = await startDockerEngine();
  const haproxy = await startHaproxy(({ port, socketPath, routesFile }) =>
    haproxyConfig({ bind: `127.0.0.1:${port}`, socketPath, routesFile }),
  );
  const router = haproxyRouter({ socketPath: haproxy.socketPath });
  const options = { ...ports, ...dockerEngine({ socketPath: docker.socketPath }), router };
  const recourse = createRecourse(options);
  const worker = recourse.work();
  const bench: Bench = { recourse, options, port: haproxy.port, dockerSocket: docker.socketPath };
  try {
    const repository = createRepository(join(folder, 'repository'), '/bin/busybox');
    for (const release of ['v1', 'v2']) await deploy(bench, repository.url, repository.release(release));
    const ours: number[] = [];
    const script: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await rollBack(bench));
      script.push(await rollBackByHand(bench, round));
    }
    report(ours, script);
  } finally {
    await worker.stop();
    for (const { key } of await orFault(options.runtime.list())) await options.runtime.stop(key, { graceMs: 500 })();
    await haproxy.stop();
    await docker.stop();
    close();
    await rm(folder, { recursive: true, force: true });
  }
};

const report = (ours: readonly number[], script: readonly number[]): void => {
  const [a, b] = [median(ours), median(script)];
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(
    `docker: a rollback by reuse serves after ${ms(a)}, by a bare script after ${ms(b)} (medians of ${ROUNDS})`,
  );
  console.log(
    `docker: ${(a / b).toFixed(2)} times the script, ${ms(a - b)} more (goal: at most 1.15 times, or 50 ms more)`,
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
  const before = await body(port, shop);
  const from = performance.now();
  const asked = await recourse.rollback({ environment: shop, actor: 'ada' });
  if (asked._tag === 'Left') throw new Error(asked.left.code);
  while ((await body(port, shop)) === before) await sleep(1);
  const took = performance.now() - from;
  await atRest(recourse);
  return took;
};

/** What an operator would write. The container before it is removed afterwards, outside of what is measured. */
const rollBackByHand = async ({ recourse, options, port, dockerSocket }: Bench, round: number): Promise<number> => {
  const host = ['-H', `unix://${dockerSocket}`];
  const target = await otherRelease(recourse);
  const published = await freePort();
  const before = await body(port, byHand);
  const old = await orFault(options.router.where(byHand));

  const from = performance.now();
  const publish = ['-p', `127.0.0.1:${published}:8080`];
  const { stdout } = await run('docker', [...host, 'run', '-d', '--init', ...publish, target.image.digest]);
  while ((await body(published, byHand)) === null) await sleep(5);
  const id = InstanceId.parse(stdout.trim());
  const upstream = { id, address: { host: '127.0.0.1', port: published } };
  await orFault(options.router.point(byHand, { upstream, fence: Fence.parse(round + 1) }));
  while ((await body(port, byHand)) === before) await sleep(1);
  const took = performance.now() - from;

  if (old?.upstream) await run('docker', [...host, 'rm', '-f', old.upstream.id]);
  return took;
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
const body = (port: number, environment: EnvironmentId): Promise<string | null> =>
  new Promise((resolve) => {
    const headers = { host: `${environment}.example` };
    const asked = request({ host: '127.0.0.1', port, headers, agent: false }, (response) => {
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
