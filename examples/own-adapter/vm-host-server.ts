/** The host's HTTP API. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { HostRefused, NewVm, type VmHost } from './vm-host.ts';

export type VmHostServer = Readonly<{ url: string; close: () => void }>;

const statuses: Readonly<Record<HostRefused['reason'], number>> = {
  'not-found': 404,
  'name-taken': 409,
  'no-image': 422,
};

export const serveVmHost = async (host: VmHost): Promise<VmHostServer> => {
  const server = createServer(async (request, response) => {
    try {
      const answer = await route(host, request);
      response.writeHead(200).end(JSON.stringify(answer ?? null));
    } catch (error) {
      response.writeHead(error instanceof HostRefused ? statuses[error.reason] : 500).end('null');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const route = async (host: VmHost, request: IncomingMessage): Promise<unknown> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const [, , id, action] = pathname.split('/');
  const name = searchParams.get('name');
  if (id === undefined) {
    // Once begun, a VM is made, whether or not anybody still listens.
    if (request.method === 'POST') return host.create(NewVm.parse(await json(request)), new AbortController().signal);
    return name === null ? host.list() : [await host.find(name)].filter((vm) => vm !== null);
  }
  const vm = (await host.list()).find((one) => one.id === id);
  if (request.method === 'DELETE') return vm && host.destroy(vm, Number(searchParams.get('graceMs')));
  if (action === 'log') return vm === undefined ? [] : host.log(vm, Number(searchParams.get('lines')));
  if (vm === undefined) throw new HostRefused('not-found');
  return host.boot(vm);
};
