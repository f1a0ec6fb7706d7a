import { localBuilder, localImages, localRuntime } from '@recourse/local';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { commonPorts, type OpenPlatform } from './platform.ts';

/** No engine at all: bundles, child processes, and a proxy in this process. */
export const openLocalPlatform: OpenPlatform = async (folder, environment) => {
  const { ports, close } = await commonPorts(folder);
  const directory = `${folder}/local`;
  const proxy = inProcessProxy({ environmentOf: onlyEnvironment(environment) });
  const { host, port } = await proxy.listen({ port: 0 });
  return {
    engines: 'child processes and a proxy in this process',
    options: {
      ...ports,
      images: localImages({ directory }),
      builder: localBuilder({ directory }),
      runtime: localRuntime({ directory }),
      router: proxy.router,
    },
    url: new URL(`http://${host}:${port}/`),
    workload: {
      build: { preset: 'command', build: null, start: ['node', 'server.mjs'] },
      run: { port: 8080, drainMs: 5_000, stopGraceMs: 5_000 },
    },
    busybox: null,
    close: async () => {
      await proxy.close({ graceMs: 1_000 });
      close();
    },
  };
};
