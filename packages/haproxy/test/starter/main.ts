/** Starts a HAProxy, says where, and stays until it is killed. */
import { haproxyConfig } from '@recourse/haproxy';
import { startHaproxy } from '../../../../scripts/engines/haproxy.ts';

const haproxy = await startHaproxy((place) => haproxyConfig({ ...place, bind: `127.0.0.1:${place.port}` }));
console.log(JSON.stringify({ pid: await haproxy.pid(), socketPath: haproxy.socketPath }));
setInterval(() => undefined, 60_000);
