/** The whole engine on a real Docker daemon, a real HAProxy and a real git repository, for one test file. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommitId, type DeploymentId, EnvironmentId } from '@recourse/core';
import { dockerEngine } from '@recourse/docker';
import { createRecourse, type DeployInput, orFault, type Recourse, type RecourseOptions } from '@recourse/engine';
import { haproxyConfig, haproxyRouter, onlyEnvironment } from '@recourse/haproxy';
import { eventually } from '@recourse/testing';
import {
  type DockerEngine,
  type PrivateDockerEngine,
  startPrivateDockerEngine,
} from '../../../../scripts/engines/docker.ts';
import { type Haproxy, startHaproxy } from '../../../../scripts/engines/haproxy.ts';
import { localPorts } from './local-platform.ts';
import { accepted } from './orders.ts';
import type { Storage } from './storage.ts';

export const shop = EnvironmentId.parse('shop');

export type DockerPlatform<Docker extends DockerEngine = PrivateDockerEngine> = Readonly<{
  /** Where the store is, and everything else that it keeps. */
  folder: string;
  storage: Storage;
  docker: Docker;
  haproxy: Haproxy;
  options: RecourseOptions;
  /** Where users come in: HAProxy. */
  url: URL;
  /** What they get now. */
  body(): Promise<string>;
  cli(...args: readonly string[]): string;
  /** Commits these files, besides what every release has; gives how to deploy the commit. */
  commit(files: Readonly<Record<string, string>>): DeployInput;
  close(): Promise<void>;
}>;

/** Serves `release.txt`; the busybox in the repository is all there is in the image. */
const dockerfile = (...lines: readonly string[]): string =>
  ['FROM scratch', 'COPY . /', ...lines, 'CMD ["/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]', ''].join('\n');

export const release = (name: string, ...lines: readonly string[]) => ({
  'www/index.html': name,
  Dockerfile: dockerfile(...lines),
});

/** With a daemon of its own, which a test may kill. */
export const openPrivateDockerPlatform = async (): Promise<DockerPlatform> => {
  const platform = await openDockerPlatform(await startPrivateDockerEngine({ liveRestore: true }));
  return {
    ...platform,
    close: async () => {
      await platform.close();
      await platform.docker.stop();
    },
  };
};

/** On a daemon that others use as well, and that goes on afterwards. */
export const openDockerPlatform = async <Docker extends DockerEngine>(
  docker: Docker,
): Promise<DockerPlatform<Docker>> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-stack-'));
  const storage: Storage = { kind: 'sqlite', file: join(folder, 'recourse.db') };
  const { ports, close } = await localPorts(folder, storage);
  const haproxy = await startHaproxy(({ port, socketPath, routesFile }) =>
    haproxyConfig({ bind: `127.0.0.1:${port}`, socketPath, routesFile, environment: onlyEnvironment(shop) }),
  );
  const url = new URL(`http://127.0.0.1:${haproxy.port}/`);
  const options: RecourseOptions = {
    ...ports,
    ...dockerEngine({ socketPath: docker.socketPath }),
    router: haproxyRouter({ socketPath: haproxy.socketPath }),
    sweepEveryMs: 500,
  };
  return {
    folder,
    storage,
    docker,
    haproxy,
    options,
    url,
    body: async () => (await fetch(url)).text(),
    cli: (...args) =>
      execFileSync('docker', ['-H', `unix://${docker.socketPath}`, ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim(),
    commit: repositoryIn(join(folder, 'repository')),
    close: async () => {
      for (const { key } of await orFault(options.runtime.list())) await options.runtime.stop(key, { graceMs: 200 })();
      await haproxy.stop();
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const env = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

const repositoryIn = (folder: string): DockerPlatform['commit'] => {
  mkdirSync(folder);
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env }).trim();
  git('init', '--quiet', '--initial-branch=main');
  return (files) => {
    rmSync(join(folder, 'www'), { recursive: true, force: true });
    cpSync('/bin/busybox', join(folder, 'busybox'));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message=a release');
    return {
      environment: shop,
      source: { kind: 'git', repository: `file://${folder}`, commit: CommitId.parse(git('rev-parse', 'HEAD')) },
      workload: {
        build: { preset: 'dockerfile', dockerfile: 'Dockerfile' },
        run: { port: 8080, health: { path: '/', withinMs: 4_000 }, drainMs: 1_000, stopGraceMs: 1_000 },
      },
      actor: 'ada',
    };
  };
};

/** Deploys and expects it to come out so; its id, once nothing is left to tidy up. */
export const deployed = async (
  platform: DockerPlatform,
  order: DeployInput,
  outcome: 'live' | 'failed' = 'live',
): Promise<DeploymentId> => {
  const recourse = createRecourse(platform.options);
  const { deployment } = accepted(await recourse.deploy(order));
  await comesOut(platform, recourse, deployment, outcome);
  return deployment;
};

export const comesOut = async (
  platform: DockerPlatform,
  recourse: Recourse,
  deployment: DeploymentId,
  outcome: 'live' | 'failed',
): Promise<void> => {
  const settled = accepted(await recourse.settled(deployment));
  if (settled !== outcome)
    throw new Error(`${settled}, not ${outcome}:\n${accepted(await recourse.explain(deployment)).join('\n')}`);
  // One instance is left: that of what is live.
  await eventually(
    () => orFault(platform.options.runtime.list()),
    (instances) => instances.length === 1,
  );
};
