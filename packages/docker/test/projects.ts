/** The conformance suites' projects for Docker: a static busybox and shell scripts, from an empty base image. */
import { readFileSync } from 'node:fs';
import { TreePath } from '@recourse/core';
import type { Project, Projects } from '@recourse/testing';
import { pack } from 'tar-stream';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A tar of these files, as git would stream it. */
export async function* tarOf(files: Files): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, Buffer.from(content));
  tar.finalize();
  for await (const chunk of tar) yield Buffer.from(chunk as Uint8Array);
}

export const busybox = readFileSync('/bin/busybox');

/** Runs a script of the tree with busybox; there is no other program in the image. */
export const script = (name: string): string => JSON.stringify(['/bin/busybox', 'sh', `/app/${name}`]);

export const dockerfile = (...lines: readonly string[]): string =>
  ['FROM scratch', 'COPY busybox /bin/busybox', 'COPY . /app', 'WORKDIR /app', ...lines, ''].join('\n');

export const project = (lines: readonly string[], files: Files = {}): Project => ({
  inputs: { preset: 'dockerfile', dockerfile: TreePath.parse('Dockerfile') },
  tree: () => tarOf({ Dockerfile: dockerfile(...lines), busybox, ...files }),
});

const server = (version: string, preparation: string) => `${preparation}
/bin/busybox mkdir /www
printf %s ${version} > /www/index.html
printf %s "$GREETING" > /www/greeting
echo serving ${version}
exec /bin/busybox httpd -f -p "$PORT" -h /www
`;

const build = `RUN ${script('build.sh')}`;
const run = `ENTRYPOINT ${script('run.sh')}`;

/** `nonce` makes projects that are equal otherwise differ, so that the engine's cache does not build them. */
export const dockerProjects = (nonce: string): Projects => {
  const app = (version: string, preparation = '') =>
    project([build, run], {
      nonce,
      'build.sh': `echo building ${version}`,
      'run.sh': server(version, preparation),
    });
  return {
    app,
    failing: project([build], { nonce, 'build.sh': 'echo one; echo the last words >&2; exit 7' }),
    endless: project([build], { nonce, 'build.sh': 'echo waiting; /bin/busybox sleep 3600' }),
    dying: project([run], { 'run.sh': 'echo the last words; exit 3' }),
    deaf: app('deaf', "trap '' TERM"),
  };
};
