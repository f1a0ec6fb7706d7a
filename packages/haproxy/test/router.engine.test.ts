import { haproxyConfig, haproxyRouter } from '@recourse/haproxy';
import { routerConformance } from '@recourse/testing';
import { startHaproxy } from '../../../scripts/engines/haproxy.ts';

routerConformance('haproxyRouter', async () => {
  const haproxy = await startHaproxy((place) => haproxyConfig({ ...place, bind: `127.0.0.1:${place.port}` }));
  const router = haproxyRouter({ socketPath: haproxy.socketPath });
  return {
    router,
    baseUrl: (environment) => new URL(`http://${environment}.test:${haproxy.port}`),
    disconnect: () => haproxy.stop(),
    restart: async () => {
      await haproxy.restart({ forget: true });
      return router;
    },
    close: () => haproxy.stop(),
  };
});
