import { EnvironmentId, Fence, Instance, type Route } from '@recourse/core';
import { type InProcessProxyOptions, inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { right } from '@recourse/testing';
import { onTestFinished } from 'vitest';

export const shop = EnvironmentId.parse('shop');

export const instanceAt = (port: number): Instance =>
  Instance.parse({ id: `at-${port}`, address: { host: '127.0.0.1', port } });

export const routeTo = (port: number, fence = 1): Route => ({ upstream: instanceAt(port), fence: Fence.parse(fence) });

/** A proxy whose one environment is pointed at `upstream`. */
export const freshProxy = async (upstream: number, options: Partial<InProcessProxyOptions> = {}) => {
  const proxy = inProcessProxy({ environmentOf: onlyEnvironment(shop), ...options });
  onTestFinished(() => proxy.close({ graceMs: 0 }));
  await right(proxy.router.point(shop, routeTo(upstream)));
  const { port } = await proxy.listen({ port: 0 });
  return { ...proxy, port };
};

export const closing = 'Host: shop.test\r\nConnection: close\r\n\r\n';
