import { BuildInputs } from '@recourse/core';
import { localBuilder, localImages } from '@recourse/local';
import { builderConformance } from '@recourse/testing';
import { bundlesIn, entriesOf, processesIn, temporaryDirectory } from './hands.ts';
import { localProjects } from './projects.ts';

builderConformance('localBuilder', async () => {
  const { path: directory, disconnect, remove } = await temporaryDirectory();
  return {
    builder: localBuilder({ directory }),
    anotherWorker: () => localBuilder({ directory }),
    images: localImages({ directory }),
    projects: localProjects,
    impossible: [
      { preset: 'dockerfile', dockerfile: 'Dockerfile' },
      { preset: 'image' },
      { preset: 'static', directory: 'not-there', runnable: true },
      { preset: 'static', directory: 'version', runnable: true },
    ].map((inputs) => BuildInputs.parse(inputs)),
    // The directory is this test's own, so every bundle in it is.
    madeFor: () => bundlesIn(directory),
    leftovers: async () => [...(await entriesOf(directory, 'tmp')), ...(await processesIn(directory))],
    disconnect,
    close: remove,
  };
});
