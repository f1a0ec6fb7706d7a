import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitId, type Image } from '@recourse/core';
import { localImages } from '@recourse/local';
import { imagesConformance } from '@recourse/testing';
import { writeBundle } from '../src/bundle.ts';
import { openLayout } from '../src/layout.ts';
import { pullableOf } from '../src/local-images.ts';
import { shelfOf } from '../src/shelf.ts';
import { temporaryDirectory } from './hands.ts';
import { commandInputs } from './projects.ts';

imagesConformance('localImages', async () => {
  const engine = await temporaryDirectory();
  const registry = await temporaryDirectory();
  let planted = 0;

  const putOn = async (directory: string, name: string, content: string, inRegistry: boolean): Promise<Image> => {
    const folder = join(engine.parent, `content-${planted++}`);
    await mkdir(join(folder, 'tree'), { recursive: true });
    await writeFile(join(folder, 'tree', 'content'), content);
    const manifest = {
      format: 1,
      commit: CommitId.parse('c'.repeat(40)),
      inputs: commandInputs(null, ['true']),
      runnable: true,
    } as const;
    const digest = await writeBundle(manifest, join(folder, 'tree'), join(folder, 'bundle.tar'));
    const shelf = shelfOf(openLayout(directory));
    await shelf.copy(digest, join(folder, 'bundle.tar'));
    const image = { name, digest, pullable: inRegistry ? pullableOf(digest) : null };
    await shelf.name(image);
    return image;
  };

  return {
    images: localImages({ directory: engine.path, registry: registry.path }),
    plant: (name, content) => putOn(engine.path, name, content, false),
    publish: (name, content) => putOn(registry.path, name, content, true),
    unpublish: ({ digest }) => shelfOf(openLayout(registry.path)).drop(digest),
    referenceTo: (name) => name,
    disconnect: engine.disconnect,
    disconnectRegistry: registry.disconnect,
    close: async () => {
      await engine.remove();
      await registry.remove();
    },
  };
});
