import { EnvironmentId } from '@recourse/core';
import { type EnvironmentOf, inProcessProxy } from '@recourse/proxy';
import { routerConformance } from '@recourse/testing';

/** `<environment>.test`, with any port. */
const environmentOf: EnvironmentOf = ({ headers }) =>
  EnvironmentId.parse((headers.host ?? '').replace(/\.test(:\d+)?$/, ''));

routerConformance('inProcessProxy', async () => {
  let proxy = inProcessProxy({ environmentOf });
  const { port } = await proxy.listen({ port: 0 });
  return {
    router: proxy.router,
    baseUrl: (environment) => new URL(`http://${environment}.test:${port}`),
    disconnect: () => proxy.close({ graceMs: 0 }),
    restart: async () => {
      await proxy.close({ graceMs: 0 });
      proxy = inProcessProxy({ environmentOf });
      await proxy.listen({ port });
      return proxy.router;
    },
    close: () => proxy.close({ graceMs: 0 }),
  };
});
