/** The engines that need nothing but Node and git, in one folder, and a small app that says which release it is. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommitId } from '@recourse/core';
import type { DeployInput } from '@recourse/engine';
import { gitSources } from '@recourse/git';
import { localEngine } from '@recourse/local';
import { nodeHost } from '@recourse/node';
import { openStorage, type Storage } from './storage.ts';

/** Every port but the router. */
export const localPorts = async (
  folder: string,
  storage: Storage = { kind: 'sqlite', file: join(folder, 'recourse.db') },
) => {
  const { ports, close } = await openStorage(storage);
  return {
    close,
    ports: {
      ...ports,
      ...localEngine({ directory: join(folder, 'local') }),
      ...nodeHost({ secrets: { variables: {}, fingerprintKey: 'only for these tests' } }),
      sources: gitSources({ cacheDirectory: join(folder, 'git-cache'), allowedTransports: ['file'] }),
    },
  };
};

const server = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const release = readFileSync(new URL('./release.txt', import.meta.url), 'utf8');
const server = createServer((request, response) => response.end(release));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

const env = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

/** A git repository of that app: each call commits a release, and gives how to deploy it. */
export const appRepository = (folder: string): ((release: string) => DeployInput) => {
  mkdirSync(folder, { recursive: true });
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env }).trim();
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(folder, 'server.mjs'), server);
  return (release) => {
    writeFileSync(join(folder, 'release.txt'), release);
    git('add', '--all');
    git('commit', '--quiet', `--message=${release}`);
    const commit = CommitId.parse(git('rev-parse', 'HEAD'));
    return {
      environment: 'shop',
      source: { kind: 'git', repository: `file://${folder}`, commit },
      workload: {
        build: { preset: 'command', build: null, start: ['node', 'server.mjs'] },
        run: { port: 8080, drainMs: 5_000, stopGraceMs: 2_000, health: { path: '/', withinMs: 30_000 } },
      },
      actor: 'ada',
    };
  };
};
