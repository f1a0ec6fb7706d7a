/** What this package asks of the engine about networks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Call, dial, type Engine, type EngineFault, orAbsent } from './connection.ts';

/** The subnet of the network of that name, which is made if there is none. */
export const ensureNetwork = (engine: Engine, name: string, subnet: string): Call<string> =>
  pipe(
    subnetOf(engine, name),
    TE.flatMap((found) =>
      found !== null
        ? TE.right(found)
        : pipe(
            create(engine, name, subnet),
            TE.orElse((fault) => madeByAnother(engine, name, fault)),
            TE.flatMap(() => subnetOf(engine, name)),
          ),
    ),
    TE.flatMap((found) =>
      found === null
        ? TE.left({ status: 409, message: `the network ${name} has no IPv4 subnet of its own`, cancelled: false })
        : TE.right(found),
    ),
  );

const TRIES = 20;
const PAUSE_MS = 50;

/**
 * Another worker may be faster. The engine tells it by the name or, while it makes that one, by the subnet, which in
 * the end may also be somebody else's: then the fault stands.
 */
const madeByAnother = (engine: Engine, name: string, fault: EngineFault, triesLeft = TRIES): Call<void> =>
  (fault.status !== 409 && fault.status !== 403) || triesLeft === 0
    ? TE.left(fault)
    : pipe(
        subnetOf(engine, name),
        TE.flatMap((found) =>
          found !== null
            ? TE.right(undefined)
            : pipe(
                TE.fromTask(() => sleep(PAUSE_MS)),
                TE.flatMap(() => madeByAnother(engine, name, fault, triesLeft - 1)),
              ),
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

const create = (engine: Engine, name: string, subnet: string): Call<void> =>
  engine(async (docker, abortSignal) => {
    const IPAM = { Config: [{ Subnet: subnet }] };
    await docker.createNetwork({ Name: name, Driver: 'bridge', CheckDuplicate: true, IPAM, abortSignal });
  });
