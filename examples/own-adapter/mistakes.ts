/** What somebody could get wrong in good faith, and would not notice for months. */
import type { Runtime } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { VmHost } from './vm-host.ts';
import { labels, type VmRuntimeOptions, vmRuntime } from './vm-runtime.ts';

type Options = VmRuntimeOptions & Readonly<{ worker: string }>;

/** "Whatever is there already is left of an attempt that failed." Or it serves by now, and it is this worker who was away. */
export const startsAfresh = (options: Options): Runtime => {
  const runtime = vmRuntime(options);
  return {
    ...runtime,
    start: (order, signal) =>
      pipe(
        runtime.stop(order.key, { graceMs: 0 }),
        TE.flatMap(() => runtime.start(order, signal)),
      ),
  };
};

/** "The label tells whose it is, so any name will do." Then no name is ever taken, and two are made where one was meant. */
export const namesAtWill = ({ host, clock, worker }: Options): Runtime => {
  let made = 0;
  const stem = (name: string) => name.slice(0, 32);
  const named: VmHost = {
    ...host,
    find: async (name) => (await host.list()).find((vm) => stem(vm.name) === stem(name)) ?? null,
    create: (wanted, signal) => host.create({ ...wanted, name: `${stem(wanted.name)}-${worker}-${++made}` }, signal),
  };
  return vmRuntime({ host: named, clock });
};

/** "One instance is live in an environment, so the others can go." The live one is another until the traffic is switched. */
export const keepsTheNewest = ({ host, clock }: Options): Runtime => {
  const tidy: VmHost = {
    ...host,
    create: async (wanted, signal) => {
      const made = await host.create(wanted, signal);
      const environment = wanted.labels[labels.environment];
      for (const vm of await host.list())
        if (vm.labels[labels.environment] === environment && vm.id !== made.id) await host.destroy(vm, 0);
      return made;
    },
  };
  return vmRuntime({ host: tidy, clock });
};
