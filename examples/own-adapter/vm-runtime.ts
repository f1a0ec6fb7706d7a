/** The adapter: a Runtime over that host. This is what a platform writes; everything else here is to show that it holds. */
import { createHash } from 'node:crypto';
import {
  type CancelSignal,
  type Clock,
  DeploymentId,
  Digest,
  EnvironmentId,
  type Instance,
  InstanceId,
  type InstanceState,
  type OwnedInstance,
  type PortError,
  type Runtime,
  type StartOrder,
  StepKey,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { HostRefused, type Vm, type VmHost } from './vm-host.ts';

export const labels = { key: 'recourse/key', deployment: 'recourse/deployment', environment: 'recourse/environment' };

/** The host takes names of 40 characters, and a key may have 128: a label holds all of it. */
export const nameOf = (key: StepKey): string =>
  `${key.slice(0, 23)}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;

const LOOK_EVERY_MS = 50;

export type VmRuntimeOptions = Readonly<{ host: VmHost; clock: Pick<Clock, 'sleep'> }>;

export const vmRuntime = ({ host, clock }: VmRuntimeOptions): Runtime => ({
  start: (order, signal) => attempt(order.image, () => start(host, clock, order, signal)),
  inspect: (key) => attempt(null, async () => stateOf(await find(host, key))),
  stop: (key, { graceMs }) =>
    attempt(null, async () => {
      const vm = await find(host, key);
      // This one, not whatever has its name when the request arrives.
      if (vm !== null) await host.destroy(vm, graceMs);
    }),
  logs: (key, { lines }) =>
    attempt(null, async () => {
      const vm = await find(host, key);
      return vm === null ? [] : host.log(vm, lines);
    }),
  list: () => attempt(null, async () => (await host.list()).flatMap(owned)),
});

const start = async (
  host: VmHost,
  clock: VmRuntimeOptions['clock'],
  order: StartOrder,
  signal: CancelSignal,
): Promise<Instance> => {
  while (!signal.aborted) {
    const vm = await host.find(nameOf(order.key));
    const begun = await unlessOvertaken(async () => {
      if (vm === null) return host.create(wanted(order), signal);
      if (vm.labels[labels.key] !== order.key) throw new Failure(keyTaken(order, 'a VM that is not ours'));
      if (vm.image !== order.image.digest) throw new Failure(keyTaken(order, `a VM of another image (${vm.image})`));
      if (vm.state === 'running') return vm;
      return vm.state === 'exited' ? host.boot(vm) : null;
    });
    if (begun !== null) return instanceOf(begun);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  throw new Failure(cancelled(order));
};

/** Null if somebody else made it, or took it away, between our look and our request: look again. */
const unlessOvertaken = async (request: () => Promise<Vm | null>): Promise<Vm | null> => {
  try {
    return await request();
  } catch (error) {
    if (error instanceof HostRefused && error.reason !== 'no-image') return null;
    throw error;
  }
};

const wanted = ({ key, deployment, environment, image, variables }: StartOrder) => ({
  name: nameOf(key),
  image: image.digest,
  labels: { [labels.key]: key, [labels.deployment]: deployment, [labels.environment]: environment },
  variables,
});

/** Whatever else has the name is not ours, and there for nobody. */
const find = async (host: VmHost, key: StepKey): Promise<Vm | null> => {
  const vm = await host.find(nameOf(key));
  return vm?.labels[labels.key] === key ? vm : null;
};

const instanceOf = ({ id, address }: Vm): Instance => ({ id: InstanceId.parse(id), address });

const stateOf = (vm: Vm | null): InstanceState => {
  if (vm === null) return { state: 'gone' };
  return vm.state === 'running' || vm.state === 'stopping'
    ? { state: 'running', instance: instanceOf(vm) }
    : { state: 'exited', exitCode: vm.exitCode };
};

const owned = ({ id, image, labels: told }: Vm): readonly OwnedInstance[] => {
  const key = StepKey.safeParse(told[labels.key]);
  if (!key.success) return [];
  return [
    {
      id: InstanceId.parse(id),
      key: key.data,
      deployment: DeploymentId.parse(told[labels.deployment]),
      environment: EnvironmentId.parse(told[labels.environment]),
      digest: Digest.parse(image),
    },
  ];
};

/** An error on its way out of an adapter. It ends in `attempt`. */
class Failure extends Error {
  readonly error: PortError;

  constructor(error: PortError) {
    super(error.message);
    this.error = error;
  }
}

/** Nothing is thrown across a port. */
const attempt =
  <A>(image: StartOrder['image'] | null, work: () => Promise<A>): TaskEither<PortError, A> =>
  async () => {
    try {
      return E.right(await work());
    } catch (cause) {
      if (cause instanceof Failure) return E.left(cause.error);
      const gone = image !== null && cause instanceof HostRefused && cause.reason === 'no-image';
      return E.left(gone ? imageGone(image) : unreachable(cause));
    }
  };

const imageGone = ({ name, digest }: StartOrder['image']): PortError => ({
  kind: 'permanent',
  code: 'runtime/image-gone',
  message: `The VM host has no image ${name} (${digest}).`,
});

const keyTaken = ({ key }: StartOrder, what: string): PortError => ({
  kind: 'permanent',
  code: 'runtime/key-taken',
  message: `There is ${what} under the name ${nameOf(key)}, which ${key} needs. Remove it if nobody needs it.`,
});

const cancelled = ({ key }: StartOrder): PortError => ({
  kind: 'transient',
  code: 'runtime/unreachable',
  message: `The start of ${key} was cancelled.`,
});

const unreachable = (cause: unknown): PortError => ({
  kind: 'transient',
  code: 'runtime/unreachable',
  message: 'The VM host did not answer. Check that it runs.',
  cause,
});
