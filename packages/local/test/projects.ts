/** The conformance suites' projects for the local adapter: small programs for Node, in tars made by tar-stream. */
import { randomUUID } from 'node:crypto';
import { type BuildInputs, type BuildOrder, CommitId, DeploymentId, EnvironmentId, StepKey } from '@recourse/core';
import type { Project, Projects } from '@recourse/testing';
import { pack } from 'tar-stream';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A tar of these files, as git would stream it. */
export async function* tarOf(files: Files): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  for await (const chunk of tar) yield Buffer.from(chunk as Uint8Array);
}

export const collect = async (stream: AsyncIterable<unknown>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
};

/** An order of its own key, always of the same commit. */
export const orderOf = (inputs: BuildInputs): BuildOrder => ({
  key: StepKey.parse(`build-${randomUUID()}`),
  deployment: DeploymentId.parse('d-1'),
  environment: EnvironmentId.parse('shop-production'),
  commit: CommitId.parse('c'.repeat(40)),
  inputs,
});

export const project = (files: Files, build: readonly string[] | null, start: readonly string[]): Project => ({
  inputs: commandInputs(build, start),
  tree: () => tarOf(files),
});

export const commandInputs = (build: readonly string[] | null, start: readonly string[]): BuildInputs => ({
  preset: 'command',
  build: build === null ? null : [...build],
  start: [...start],
});

const server = (deaf: boolean) => `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const version = readFileSync('built-version', 'utf8');
createServer((request, response) => {
  response.end(request.url === '/greeting' ? (process.env.GREETING ?? '') : version);
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('serving ' + version));
process.on('SIGTERM', () => { ${deaf ? '' : 'process.exit(0);'} });
`;

const build = `
import { copyFileSync, readFileSync } from 'node:fs';
console.log('building ' + readFileSync('version', 'utf8'));
copyFileSync('version', 'built-version');
`;

const app = (version: string, deaf = false) =>
  project({ version, 'build.mjs': build, 'server.mjs': server(deaf) }, ['node', 'build.mjs'], ['node', 'server.mjs']);

export const localProjects: Projects = {
  app,
  failing: project({}, ['sh', '-c', 'echo one; echo the last words >&2; exit 7'], ['true']),
  endless: project({}, ['sh', '-c', 'echo waiting; sleep 3600 & sleep 3600'], ['true']),
  dying: project({}, null, ['sh', '-c', 'echo the last words; exit 3']),
  deaf: app('deaf', true),
};
