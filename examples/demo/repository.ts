/** A real git repository with a small web app in it, and one commit a release. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommitId } from '@recourse/core';

export type Repository = Readonly<{
  url: string;
  /** Commits a release whose every answer is its name. */
  release(name: string): CommitId;
}>;

const server = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const release = readFileSync(new URL('./www/index.html', import.meta.url), 'utf8');
const server = createServer((request, response) => response.end(release));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** No image can be taken for granted on a fresh machine: this one is made of one static binary. */
const dockerfile = `FROM scratch
COPY bin /bin
COPY www /www
EXPOSE 8080
CMD ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"]
`;

/** `busybox`: the static binary to put into the repository, for releases that are built with Docker. */
export const createRepository = (folder: string, busybox: string | null): Repository => {
  mkdirSync(join(folder, 'www'), { recursive: true });
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env }).trim();
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(folder, 'server.mjs'), server);
  if (busybox !== null) {
    mkdirSync(join(folder, 'bin'));
    cpSync(busybox, join(folder, 'bin', 'busybox'));
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  }

  return {
    url: `file://${folder}`,
    release: (name) => {
      writeFileSync(join(folder, 'www', 'index.html'), name);
      git('add', '--all');
      git('commit', '--quiet', `--message=Release ${name}`);
      return CommitId.parse(git('rev-parse', 'HEAD'));
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
