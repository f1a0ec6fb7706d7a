/** Hands that reach around the adapter, by the client library itself. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Digest } from '@recourse/core';
import { Digest as DigestSchema } from '@recourse/core';
import Dockerode from 'dockerode';

export const around = (socketPath: string) => {
  const docker = new Dockerode({ socketPath, host: undefined });
  const containersNamed = (names: readonly string[]) =>
    docker
      .listContainers({ all: true })
      .then((all) => all.filter(({ Names }) => Names.some((name) => names.includes(name.slice(1)))));
  const imagesLabelled = (label: string) => docker.listImages({ all: true, filters: { label: [label] } });

  return {
    docker,
    containersNamed,
    /** An archive as `docker save` writes it. */
    load: async (archive: Buffer): Promise<void> => {
      await text(await docker.loadImage(Readable.from([archive])));
    },
    madeFor: async (key: string): Promise<readonly Digest[]> =>
      (await imagesLabelled(`recourse.key=${key}`)).map(({ Id }) => DigestSchema.parse(Id)),
    removeContainers: async (names: readonly string[]) => {
      for (const { Id } of await containersNamed(names)) await docker.getContainer(Id).remove({ force: true, v: true });
    },
    removeImages: async (ids: readonly string[]) => {
      for (const id of ids) {
        await docker
          .getImage(id)
          .remove({ force: true })
          .catch((error: { statusCode?: number }) => {
            if (error.statusCode !== 404) throw error;
          });
      }
    },
  };
};
