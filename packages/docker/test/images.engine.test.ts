import { randomUUID } from 'node:crypto';
import { dockerImages } from '@recourse/docker';
import { imagesConformance } from '@recourse/testing';
import { startDockerEngine } from '../../../scripts/engines/docker.ts';
import { startRegistry } from '../../../scripts/engines/registry.ts';
import { around } from './around.ts';
import { publishImage, savedImage, unpublishImage } from './published.ts';
import { relayTo } from './relay.ts';

imagesConformance('dockerImages', async () => {
  const { socketPath } = await startDockerEngine();
  const relay = await relayTo(socketPath);
  const registry = await startRegistry();
  const { load, removeImages } = around(socketPath);
  const nonce = randomUUID();
  const digests = new Set<string>();
  return {
    images: dockerImages({ socketPath: relay.socketPath }),
    plant: async (name, content) => {
      const tag = `recourse:${name}-${nonce}`;
      const { digest, archive } = await savedImage(tag, `${content} ${nonce}`, {
        'recourse.key': `${content}-${nonce}`,
      });
      await load(archive);
      digests.add(digest);
      return { name: tag, digest, pullable: null };
    },
    publish: async (name, content) => {
      const image = await publishImage(registry.host, name, `${content} ${nonce}`);
      digests.add(image.digest);
      return image;
    },
    unpublish: unpublishImage,
    referenceTo: (name) => `${registry.host}/${name}:latest`,
    disconnect: relay.disconnect,
    disconnectRegistry: registry.stop,
    close: async () => {
      await removeImages([...digests]);
      await registry.stop();
      await relay.close();
    },
  };
});
