/** Somebody's own Runtime in place of the simulated one: what it asks of its engine travels as every request does. */
import {
  Address,
  Digest,
  type Instance,
  InstanceId,
  type PortError,
  type Runtime,
  type StartOrder,
  StepKey,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Adapters, SimulatedInstance, SimulatedProcess, SimulatedRequest, SimulatedWorld } from '../adapters.ts';
import { call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';
import { simClock } from './clock-and-ids.ts';
import type { Engine } from './engine.ts';
import { createInstance, removeInstance, runInstance, stopInstance } from './instances.ts';

/** What was ordered under each key, whether or not it arrived. */
type Orders = Map<StepKey, StartOrder>;

export const ownRuntime = (
  lab: Lab,
  engine: Engine,
  open: NonNullable<Adapters['runtime']>,
): ((process: Process) => Runtime) => {
  const orders: Orders = new Map();
  const adapterOf = open(worldOf(lab, engine, orders));
  return (process) => watched(lab, engine, orders, adapterOf(processOf(lab, process)));
};

const worldOf = (lab: Lab, engine: Engine, orders: Orders): SimulatedWorld => ({
  now: lab.kernel.now,
  pause: (ms) =>
    new Promise((resolve) =>
      lab.kernel.after(ms, () => {
        lab.kernel.resumes();
        resolve();
      }),
    ),
  pick: (name, n) => lab.choices.at(`engine: ${name}`).pick('pick', n),
  hasImage: (digest) => engine.here.has(Digest.parse(digest)),
  instance: ({ id, key, digest }) => {
    const order = orders.get(StepKey.parse(key));
    if (order === undefined) {
      lab.defect(`an instance was made under the key ${key}, which nobody ordered`);
      throw new Error(`Nobody ordered an instance under the key ${key}.`);
    }
    return lifeOf(lab, engine, InstanceId.parse(id), order, Digest.parse(digest));
  },
});

const lifeOf = (lab: Lab, engine: Engine, id: InstanceId, order: StartOrder, digest: Digest): SimulatedInstance => {
  const instance = createInstance(engine, id, order, digest);
  return {
    runs: (address) => {
      const bootsMs = 15 * lab.choices.at(`starting ${order.key}`).pick('boots', 8);
      runInstance(lab, instance, Address.parse(address), bootsMs);
    },
    isRunning: () => instance.running,
    stopping: () => stopInstance(lab, instance),
    gone: () => removeInstance(lab, engine, instance),
  };
};

const processOf = (lab: Lab, process: Process): SimulatedProcess => ({
  name: process.name,
  clock: simClock(lab, process),
  request: async (request) => {
    const answered = await send(lab, process, request)();
    if (E.isLeft(answered)) throw new Error(answered.left.message);
    if (E.isLeft(answered.right)) throw answered.right.left;
    return answered.right.right;
  },
});

/** Left is what the world did to the request; the right holds what the engine answered, be it a refusal. */
const send = <A>(
  lab: Lab,
  process: Process,
  { operation, subject, carryOut, signal }: SimulatedRequest<A>,
): TaskEither<PortError, E.Either<unknown, A>> =>
  call<E.Either<unknown, A>>(lab, process, {
    operation: `runtime.${operation}`,
    subject,
    unreachable: 'runtime/unreachable',
    carryOut: (answer) => {
      lab.kernel.resumes();
      const carriedOut = async () => E.right(await carryOut());
      void carriedOut()
        .catch((refusal: unknown) => E.left(refusal))
        .then((outcome) => answer(E.right(outcome)));
    },
    ...(signal === undefined ? {} : { cancel: { signal, code: 'runtime/unreachable', stop: () => undefined } }),
  });

/** What an adapter owes whatever its engine does: it throws nothing, and what it adopts is seen. */
const watched = (lab: Lab, engine: Engine, orders: Orders, runtime: Runtime): Runtime => {
  const watch =
    <A>(operation: string, ask: () => TaskEither<PortError, A>): TaskEither<PortError, A> =>
    async () => {
      try {
        return await ask()();
      } catch (error) {
        lab.defect(`the adapter's ${operation} threw: ${String(error)}`);
        throw error;
      }
    };
  return {
    start: (order, signal) => async () => {
      const { key, deployment } = order;
      lab.fact({ type: 'issued', effect: 'start', deployment, key });
      orders.set(key, order);
      const ran = new Set([...engine.instances.values()].filter(({ running }) => running).map(({ id }) => id));
      const started = await watch('start', () => runtime.start(order, signal))();
      noteStart(lab, started, ran);
      return started;
    },
    inspect: (key) => watch('inspect', () => runtime.inspect(key)),
    stop: (key, options) => watch('stop', () => runtime.stop(key, options)),
    logs: (key, options) => watch('logs', () => runtime.logs(key, options)),
    list: () => watch('list', () => runtime.list()),
  };
};

const noteStart = (lab: Lab, started: E.Either<PortError, Instance>, ran: ReadonlySet<InstanceId>): void => {
  if (E.isRight(started)) {
    if (ran.has(started.right.id)) lab.saw('an instance was adopted');
  } else if (started.left.code === 'runtime/image-gone') lab.saw('an image went away between the probe and the start');
};
