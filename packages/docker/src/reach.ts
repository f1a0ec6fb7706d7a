/**
 * How the router and the health probe reach an instance: at an address that is chosen here and stays the container's
 * for its life. One that the engine chooses is another one after each restart, and the router would go on pointing at
 * the old one, where somebody else may be by then.
 */
import { createHash } from 'node:crypto';
import type { Address } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Call, Engine } from './api/connection.ts';
import { ensureNetwork } from './api/networks.ts';
import type { ReachOptions } from './options.ts';
import type { Placement } from './requests.ts';
import { hostsOf } from './subnet.ts';

export type Reach = Readonly<{
  /** An address for a new container that listens on `port`: none of the taken ones, null if all are. */
  choose: (key: string, port: number, taken: readonly Address[]) => Call<Address | null>;
  /** What the container is created with to be there. */
  placement: (address: Address, port: number) => Placement;
}>;

export const reachOf = (engine: Engine, options: ReachOptions): Reach =>
  options.by === 'port' ? byPort(options) : byAddress(engine, options);

const byPort = ({
  host = '127.0.0.1',
  ports: { from, to } = { from: 20_000, to: 29_999 },
  network = 'bridge',
}: Extract<ReachOptions, { by: 'port' }>): Reach => ({
  choose: (key, _port, taken) => {
    const used = new Set(taken.map(({ port }) => port));
    const index = pick(to - from + 1, key, (step) => used.has(from + step));
    return TE.right(index === null ? null : { host, port: from + index });
  },
  placement: (address, port) => ({
    ExposedPorts: { [`${port}/tcp`]: {} },
    HostConfig: {
      NetworkMode: network,
      PortBindings: { [`${port}/tcp`]: [{ HostIp: address.host, HostPort: String(address.port) }] },
    },
  }),
});

const byAddress = (
  engine: Engine,
  { network = 'recourse', subnet = '10.213.0.0/16' }: Extract<ReachOptions, { by: 'address' }>,
): Reach => ({
  choose: (key, port, taken) =>
    pipe(
      // Looked for each time: whoever tidies up an engine removes networks that nothing runs in.
      ensureNetwork(engine, network, subnet),
      TE.map((actual) => {
        const { count, at } = hostsOf(actual);
        const used = new Set(taken.map(({ host }) => host));
        const index = pick(count, key, (step) => used.has(at(step)));
        return index === null ? null : { host: at(index), port };
      }),
    ),
  placement: ({ host }) => ({
    ExposedPorts: {},
    HostConfig: { NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: host } } } },
  }),
});

/**
 * The first of `count` that is not taken, from a place that the key decides: two workers that start different keys at
 * once rarely meet. Null if all are taken.
 */
export const pick = (count: number, key: string, isTaken: (index: number) => boolean): number | null => {
  const first = createHash('sha256').update(key).digest().readUInt32BE() % count;
  for (let step = 0; step < count; step++) {
    const index = (first + step) % count;
    if (!isTaken(index)) return index;
  }
  return null;
};
