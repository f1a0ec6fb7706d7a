import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitId, DeploymentId, EnvironmentId, StepKey } from '@recourse/core';
import { localEngine, localRuntime } from '@recourse/local';
import { type Project, right, runtimeConformance } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { childOf, processesIn, temporaryDirectory } from './hands.ts';
import { localProjects } from './projects.ts';

runtimeConformance('localRuntime', async () => {
  const { path: directory, disconnect, reconnect, remove } = await temporaryDirectory();
  const { builder, runtime } = localEngine({ directory });

  const build = async ({ inputs, tree }: Project) => {
    const order = {
      key: StepKey.parse(`build-${randomBytes(8).toString('hex')}`),
      deployment: DeploymentId.parse('d'),
      environment: EnvironmentId.parse('e'),
      commit: CommitId.parse('c'.repeat(40)),
      inputs,
    };
    const options = { onProgress: () => {}, signal: new AbortController().signal };
    return { image: (await right(builder.build(order, TE.fromIO(tree), options))).image, inputs };
  };
  const remains = async (key: StepKey) => [
    ...(await readdir(join(directory, 'instances'))).filter((name) => name === key),
    ...(await processesIn(join(directory, 'instances', key))),
    ...(await readdir(join(directory, 'tmp'))),
  ];

  return {
    runtime,
    anotherWorker: () => localRuntime({ directory }),
    app: (version) => build(localProjects.app(version)),
    dying: () => build(localProjects.dying),
    deaf: () => build(localProjects.deaf),
    kill: async (key) => {
      const [id = ''] = await readdir(join(directory, 'instances', key));
      const leader = Number(await readFile(join(directory, 'instances', key, id, '1.pid'), 'utf8'));
      process.kill(await childOf(leader, 'node'), 'SIGKILL');
    },
    occupy: async (key) => {
      await mkdir(join(directory, 'instances', key));
      await writeFile(join(directory, 'instances', key, 'somebody-elses'), '');
    },
    remains,
    disconnect,
    close: async () => {
      await reconnect();
      for (const { key } of await right(runtime.list())) await right(runtime.stop(key, { graceMs: 0 }));
      await remove();
    },
  };
});
