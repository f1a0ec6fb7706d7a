import { randomUUID } from 'node:crypto';
import { CommitId, DeploymentId, EnvironmentId, type Runtime, StepKey } from '@recourse/core';
import { dockerBuilder, dockerRuntime } from '@recourse/docker';
import { type Project, type Runnable, right, runtimeConformance } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { afterAll } from 'vitest';
import { startDockerEngine } from '../../../scripts/engines/docker.ts';
import { around } from './around.ts';
import { dockerProjects } from './projects.ts';
import { relayTo } from './relay.ts';

const { socketPath } = await startDockerEngine();
const { docker, containersNamed, removeContainers, removeImages } = around(socketPath);
const projects = dockerProjects(randomUUID());
const built = new Map<string, Promise<Runnable>>();

/** Each project once for all clauses. */
const build = (name: string, { inputs, tree }: Project): Promise<Runnable> => {
  const order = {
    key: StepKey.parse(`build-${randomUUID()}`),
    deployment: DeploymentId.parse('d'),
    environment: EnvironmentId.parse('e'),
    commit: CommitId.parse('c'.repeat(40)),
    inputs,
  };
  const options = { onProgress: () => {}, signal: new AbortController().signal };
  const image = () => right(dockerBuilder({ socketPath }).build(order, TE.fromIO(tree), options));
  const runnable = built.get(name) ?? image().then((result) => ({ image: result.image, inputs }));
  built.set(name, runnable);
  return runnable;
};

afterAll(async () => {
  await removeImages((await Promise.all(built.values())).map(({ image }) => image.digest));
});

runtimeConformance('dockerRuntime', async () => {
  const relay = await relayTo(socketPath);
  const names = new Set<string>();
  const nameOf = (key: StepKey) => `recourse-${key}`;
  const remembering = (runtime: Runtime): Runtime => ({
    ...runtime,
    start: (order, signal) => {
      names.add(nameOf(order.key));
      return runtime.start(order, signal);
    },
  });
  return {
    runtime: remembering(dockerRuntime({ socketPath: relay.socketPath })),
    anotherWorker: () => dockerRuntime({ socketPath }),
    app: (version) => build(version, projects.app(version)),
    dying: () => build('dying', projects.dying),
    deaf: () => build('deaf', projects.deaf),
    kill: (key) => docker.getContainer(nameOf(key)).kill(),
    occupy: async (key) => {
      names.add(nameOf(key));
      const { image } = await build('v1', projects.app('v1'));
      await docker.createContainer({ name: nameOf(key), Image: image.digest });
    },
    remains: async (key) => (await containersNamed([nameOf(key)])).map(({ Names }) => `container ${Names}`),
    disconnect: relay.disconnect,
    close: async () => {
      await removeContainers([...names]);
      await relay.close();
    },
  };
});
