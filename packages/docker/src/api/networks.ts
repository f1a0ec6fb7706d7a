/** What this package asks of the engine about networks. */
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Call, dial, type Engine, orAbsent } from './connection.ts';

/** The subnet of the network of that name, which is made if there is none. */
export const ensureNetwork = (engine: Engine, name: string, subnet: string): Call<string> =>
  pipe(
    subnetOf(engine, name),
    TE.flatMap((found) =>
      found === null
        ? pipe(
            create(engine, name, subnet),
            TE.flatMap(() => subnetOf(engine, name)),
          )
        : TE.right(found),
    ),
    TE.flatMap((found) =>
      found === null
        ? TE.left({ status: 409, message: `the network ${name} has no IPv4 subnet of its own`, cancelled: false })
        : TE.right(found),
    ),
  );

const subnetOf = (engine: Engine, name: string): Call<string | null> =>
  orAbsent(
    engine(async (docker, abortSignal) => {
      const path = `/networks/${encodeURIComponent(name)}`;
      const options = { _query: {} };
      const network = await dial(docker, { path, method: 'GET', options, abortSignal, statusCodes: { 200: true } });
      return hasConfig(network) ? (network.IPAM.Config.map(({ Subnet }) => Subnet).find(isIpv4) ?? null) : null;
    }),
    null,
  );

type Configured = Readonly<{ IPAM: Readonly<{ Config: readonly Readonly<{ Subnet?: unknown }>[] }> }>;

const hasConfig = (network: unknown): network is Configured =>
  typeof network === 'object' &&
  network !== null &&
  'IPAM' in network &&
  typeof network.IPAM === 'object' &&
  network.IPAM !== null &&
  'Config' in network.IPAM &&
  Array.isArray(network.IPAM.Config);

const isIpv4 = (subnet: unknown): subnet is string => typeof subnet === 'string' && /^[\d.]+\/\d+$/.test(subnet);

/** Another worker may be faster: then it is there, which is all that is asked for. */
const create = (engine: Engine, name: string, subnet: string): Call<void> =>
  pipe(
    engine(async (docker, abortSignal) => {
      const IPAM = { Config: [{ Subnet: subnet }] };
      await docker.createNetwork({ Name: name, Driver: 'bridge', CheckDuplicate: true, IPAM, abortSignal });
    }),
    TE.orElse((fault) => (fault.status === 409 ? TE.right(undefined) : TE.left(fault))),
  );
