/** What the quickstart deploys: a small web app in a git repository of its own, in a folder that goes at the end. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentId, type Runtime } from '@recourse/core';
import { type DeployInput, orFault } from '@recourse/engine';

export const environment = EnvironmentId.parse('shop');
export const folder = mkdtempSync(join(tmpdir(), 'recourse-quickstart-'));

export const workload: DeployInput['workload'] = {
  build: { preset: 'command', build: null, start: ['node', 'server.mjs'] },
  run: { port: 8080 },
};

/** Every answer of the app is its version. It is told its port. */
const app = (version: string) => `import { createServer } from 'node:http';
const server = createServer((request, response) => response.end('${version}'));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

const repository = join(folder, 'shop');

/** Nobody's own settings of git have a say here. */
const env = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: repository, env });

mkdirSync(repository);
git('init', '--quiet', '--initial-branch=main');

/** Commits this version of the app; the branch it is on is what is deployed. */
export const commit = (version: string) => {
  writeFileSync(join(repository, 'server.mjs'), app(version));
  git('add', '--all');
  git('commit', '--quiet', `--message=${version}`);
  return { kind: 'git', repository: `file://${repository}`, ref: 'main' } as const;
};

/** Apps outlive the platform, as they should: what runs here has to be stopped. */
export const leaveNothing = async (runtime: Runtime): Promise<void> => {
  for (const { key } of await orFault(runtime.list())) await orFault(runtime.stop(key, { graceMs: 5_000 }));
  rmSync(folder, { recursive: true, force: true });
};
