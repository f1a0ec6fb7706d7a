/** The adapter against the host itself, over HTTP, with VMs that serve. */
import { BuildInputs, Digest } from '@recourse/core';
import { runtimeConformance } from '@recourse/testing';
import { httpVmHost } from '../http-vm-host.ts';
import { openToyVmHost } from '../toy-vm-host.ts';
import { serveVmHost } from '../vm-host-server.ts';
import { nameOf, vmRuntime } from '../vm-runtime.ts';

const app = (version: string, atSigterm = 'process.exit(0)') => `
import { createServer } from 'node:http';
createServer((request, response) => {
  response.end(request.url === '/greeting' ? process.env.GREETING : '${version}');
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('serving ${version}'));
process.on('SIGTERM', () => { ${atSigterm} });
`;

const clock = { sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) };

runtimeConformance('vmRuntime', async () => {
  const { host, addImage, kill, close } = await openToyVmHost();
  const server = await serveVmHost(host);
  const worker = () => vmRuntime({ host: httpVmHost({ url: server.url }), clock });
  const runnable = async (program: string) => ({
    image: { name: 'app', digest: Digest.parse(await addImage(program)), pullable: null },
    inputs: BuildInputs.parse({ preset: 'image' }),
  });

  return {
    runtime: worker(),
    anotherWorker: worker,
    app: (version) => runnable(app(version)),
    dying: () => runnable(`console.log('the last words'); process.exitCode = 3;`),
    deaf: () => runnable(app('deaf', '')),
    kill: async (key) => kill(nameOf(key)),
    occupy: async (key) => {
      const { image } = await runnable(app('a stranger'));
      const wanted = { name: nameOf(key), image: image.digest, labels: {}, variables: {} };
      await host.create(wanted, new AbortController().signal);
    },
    remains: async (key) => (await host.list()).filter(({ name }) => name === nameOf(key)).map(({ id }) => id),
    disconnect: async () => server.close(),
    close: async () => {
      server.close();
      await close();
    },
  };
});
