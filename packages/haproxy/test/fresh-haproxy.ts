import { EnvironmentId, Fence, Instance, type Route } from '@recourse/core';
import { type HaproxyConfigOptions, haproxyConfig, haproxyRouter } from '@recourse/haproxy';
import { onTestFinished } from 'vitest';
import { startHaproxy } from '../../../scripts/engines/haproxy.ts';

export const shop = EnvironmentId.parse('shop');

export const instanceAt = (port: number): Instance =>
  Instance.parse({ id: `at-${port}`, address: { host: '127.0.0.1', port } });

export const routeTo = (port: number, fence: number): Route => ({
  upstream: instanceAt(port),
  fence: Fence.parse(fence),
});

/** A HAProxy with a router on it, and where the clients of `shop` go. */
export const freshHaproxy = async (options: Partial<HaproxyConfigOptions> = {}) => {
  const haproxy = await startHaproxy((place) =>
    haproxyConfig({ ...place, bind: `127.0.0.1:${place.port}`, ...options }),
  );
  onTestFinished(() => haproxy.stop());
  const router = haproxyRouter({ socketPath: haproxy.socketPath });
  return { ...haproxy, router, base: new URL(`http://shop.test:${haproxy.port}`) };
};
