import type {
  Address,
  HealthProbe,
  Instance,
  InstanceState,
  OwnedInstance,
  PortError,
  Runtime,
  StartOrder,
  StepKey,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { type Call, call } from '../call.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';
import type { Engine, SimInstance } from './engine.ts';
import { createInstance, removeInstance, runInstance, stopInstance } from './instances.ts';

type Answer = Parameters<Call<Instance>['carryOut']>[0];

export const simRuntime = (lab: Lab, engine: Engine, process: Process): Runtime => {
  const { instances } = engine;
  const ask = <A>(operation: string, subject: string, carryOut: Call<A>['carryOut'], cancel?: Call<A>['cancel']) =>
    call(lab, process, {
      operation: `runtime.${operation}`,
      subject,
      unreachable: 'runtime/unreachable',
      carryOut,
      ...(cancel === undefined ? {} : { cancel }),
    });

  return {
    start: (order, signal) => () => {
      const { key, deployment } = order;
      lab.fact({ type: 'issued', effect: 'start', deployment, key });
      // Docker goes on starting what it was asked to start, whether or not anybody still waits for it.
      const cancel = { signal, code: 'runtime/unreachable', stop: () => undefined } as const;
      return ask<Instance>('start', key, (answer) => start(lab, engine, order, answer), cancel)();
    },

    inspect: (key) => ask('inspect', key, (answer) => answer(E.right(stateOf(engine.under(key))))),

    stop: (key, { graceMs }) =>
      ask('stop', key, (answer) => {
        const instance = engine.under(key);
        if (instance === undefined) return answer(E.right(undefined));
        stopInstance(lab, instance);
        const moment = lab.choices.at(`stopping ${key}`);
        lab.kernel.after(Math.min(graceMs, 10 + 200 * moment.pick('takes', 5)), () => {
          removeInstance(lab, engine, instance);
          answer(E.right(undefined));
        });
      }),

    logs: (key) => ask('logs', key, (answer) => answer(E.right(engine.under(key) ? ['its last words'] : []))),

    list: () => ask('list', '', (answer) => answer(E.right([...instances.values()].map(owned)))),
  };
};

const start = (lab: Lab, engine: Engine, order: StartOrder, answer: Answer) => {
  const { key, image } = order;
  const existing = engine.under(key);
  if (existing !== undefined && existing.digest !== image.digest) return answer(E.left(keyTaken(key)));
  if (existing?.running) {
    lab.saw('an instance was adopted');
    lab.fact({ type: 'started', instance: existing, adopted: true });
    return answer(E.right(instanceOf(existing)));
  }
  if (!engine.here.has(image.digest) && existing === undefined) {
    lab.saw('an image went away between the probe and the start');
    return answer(E.left(imageGone(order)));
  }
  const instance = existing ?? createInstance(engine, engine.freshId(), order, image.digest);
  const moment = lab.choices.at(`starting ${key}`);
  lab.kernel.after(20 + 100 * moment.pick('takes', 10), () => {
    if (engine.under(key) !== instance || instance.stopping) return answer(E.left(removed(key)));
    if (!instance.running)
      runInstance(lab, instance, { host: '127.0.0.1', port: engine.freshPort() }, 15 * moment.pick('boots', 8));
    answer(E.right(instanceOf(instance)));
  });
};

export const simHealth = (lab: Lab, engine: Engine, process: Process): HealthProbe => ({
  check: (address) =>
    call(lab, process, {
      operation: 'health.check',
      subject: `${keyAt(engine, address)}`,
      unreachable: 'health/unreachable',
      carryOut: (answer) => {
        const instance = [...engine.instances.values()].find((one) => one.running && isAt(one, address));
        if (instance === undefined) return answer(E.right({ healthy: false, detail: 'connection refused' }));
        const healthy = isHealthy(lab, engine, instance);
        lab.fact({ type: 'health-told', instance, healthy });
        answer(E.right({ healthy, detail: healthy ? '200' : '503' }));
      },
    }),
});

const isHealthy = (lab: Lab, engine: Engine, instance: SimInstance): boolean => {
  const { key } = instance.order;
  if (lab.fault(lab.choices.at(`health of ${key}`), 'app-flaps', 'health.check'))
    instance.sickUntil = lab.kernel.now() + 3_000;
  const sick = instance.commit !== null && engine.traitsOf(instance.commit).sick;
  return !sick && lab.kernel.now() >= Math.max(instance.bootedAt, instance.sickUntil);
};

/** A name that is the same in every run: ports are given in the order of the starts. */
const keyAt = ({ instances }: Engine, address: Address): StepKey | 'nobody' =>
  [...instances.values()].find((one) => isAt(one, address))?.order.key ?? 'nobody';

const isAt = ({ address }: SimInstance, { host, port }: Address): boolean =>
  address.port === port && address.host === host;

const instanceOf = ({ id, address }: SimInstance): Instance => ({ id, address });

const stateOf = (instance: SimInstance | undefined): InstanceState => {
  if (instance === undefined) return { state: 'gone' };
  return instance.running
    ? { state: 'running', instance: instanceOf(instance) }
    : { state: 'exited', exitCode: instance.died ? 137 : null };
};

const owned = ({ id, order: { key, deployment, environment }, digest }: SimInstance): OwnedInstance => ({
  id,
  key,
  deployment,
  environment,
  digest,
});

const keyTaken = (key: StepKey): PortError => ({
  kind: 'permanent',
  code: 'runtime/key-taken',
  message: `Something else runs under ${key}.`,
});

/** Repeats what it was given, as engines do. */
const imageGone = ({ image, variables }: StartOrder): PortError => ({
  kind: 'permanent',
  code: 'runtime/image-gone',
  message: `No such image: ${image.digest}, wanted with ${JSON.stringify(variables)}.`,
});

const removed = (key: StepKey): PortError => ({
  kind: 'transient',
  code: 'runtime/unreachable',
  message: `${key} was removed while it started.`,
});
