/** What is deployed: one small web app in a git repository, whose releases say their names. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeployInput } from '@recourse/engine';

export const workload: DeployInput['workload'] = {
  build: { preset: 'command', build: null, start: ['node', 'server.mjs'] },
  run: { port: 8080, drainMs: 2_000, stopGraceMs: 2_000 },
};

const server = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const release = readFileSync(new URL('./release', import.meta.url), 'utf8');
const server = createServer((request, response) => response.end(release));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

export type Shop = Readonly<{ repository: string; commits: ReadonlyMap<string, string> }>;

/** A repository with one commit a release: `r1`, `r2` … */
export const createShop = (folder: string, releases: number): Shop => {
  mkdirSync(folder, { recursive: true });
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env }).trim();
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(folder, 'server.mjs'), server);
  const commits = Array.from({ length: releases }, (_, at) => {
    const name = `r${at + 1}`;
    writeFileSync(join(folder, 'release'), name);
    git('add', '--all');
    git('commit', '--quiet', `--message=Release ${name}`);
    return [name, git('rev-parse', 'HEAD')] as const;
  });
  return { repository: `file://${folder}`, commits: new Map(commits) };
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
