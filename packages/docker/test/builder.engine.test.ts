import { randomUUID } from 'node:crypto';
import { type Builder, type StepKey, TreePath } from '@recourse/core';
import { dockerBuilder, dockerImages } from '@recourse/docker';
import { builderConformance } from '@recourse/testing';
import { startDockerEngine } from '../../../scripts/engines/docker.ts';
import { around } from './around.ts';
import { dockerProjects } from './projects.ts';
import { relayTo } from './relay.ts';

builderConformance('dockerBuilder', async () => {
  const { socketPath } = await startDockerEngine();
  const relay = await relayTo(socketPath);
  const { containersNamed, madeFor, removeContainers, removeImages } = around(socketPath);
  const keys = new Set<StepKey>();
  const claims = () => [...keys].map((key) => `recourse-claim-${key}`);
  const remembering = ({ build }: Builder): Builder => ({
    build: (order, ...rest) => {
      keys.add(order.key);
      return build(order, ...rest);
    },
  });
  return {
    builder: remembering(dockerBuilder({ socketPath: relay.socketPath })),
    anotherWorker: () => dockerBuilder({ socketPath }),
    images: dockerImages({ socketPath }),
    projects: dockerProjects(randomUUID()),
    impossible: [
      { preset: 'dockerfile', dockerfile: TreePath.parse('not/there') },
      { preset: 'static', directory: TreePath.parse('not-there'), runnable: true },
      { preset: 'command', build: null, start: ['true'] },
      { preset: 'image' },
    ],
    madeFor,
    leftovers: async () => (await containersNamed(claims())).map(({ Names }) => `container ${Names}`),
    disconnect: relay.disconnect,
    close: async () => {
      await removeContainers(claims());
      for (const key of keys) await removeImages(await madeFor(key));
      await relay.close();
    },
  };
});
