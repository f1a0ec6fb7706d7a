/**
 * A worker in a process of its own: it looks where traffic goes and says so on a line, and when it is told to go on, it
 * moves the traffic with the fence that it was given long ago.
 */
import { once } from 'node:events';
import { EnvironmentId, Fence, Instance } from '@recourse/core';
import { haproxyRouter } from '@recourse/haproxy';

const [socketPath = '', fence, port] = process.argv.slice(2);
const shop = EnvironmentId.parse('shop');
const router = haproxyRouter({ socketPath, timeoutMs: 60_000 });
const upstream = Instance.parse({ id: 'stale', address: { host: '127.0.0.1', port: Number(port) } });

const say = (word: unknown) => console.log(JSON.stringify(word));

say(await router.where(shop)());
await once(process.stdin, 'data');
say(await router.point(shop, { upstream, fence: Fence.parse(Number(fence)) })());
process.exit();
