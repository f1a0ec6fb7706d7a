/** The adapter, as it is, in the simulated world. */
import type { Runtime } from '@recourse/core';
import type { Adapters, SimulatedProcess } from '@recourse/testing/simulation';
import { keyOf, simulatedVmHost } from './simulated-vm-host.ts';
import type { VmHost } from './vm-host.ts';
import { type VmRuntimeOptions, vmRuntime } from './vm-runtime.ts';

/** What makes an adapter: the one of this example, or one with a mistake in it. */
type AdapterOf = (options: VmRuntimeOptions & Readonly<{ worker: string }>) => Runtime;

/** One host for all processes, and over it an adapter for each. */
export const inSimulatedWorld = (adapterOf: AdapterOf = vmRuntime): Adapters => ({
  runtime: (world) => {
    const host = simulatedVmHost(world);
    return (process) => adapterOf({ host: reached(host, process), clock: process.clock, worker: process.name });
  },
});

/** As one process of the platform reaches it: what goes wrong on the way is up to the world. */
export const reached = (host: VmHost, { request }: SimulatedProcess): VmHost => ({
  create: (wanted, signal) =>
    request({
      operation: 'create',
      subject: keyOf(wanted),
      carryOut: () => host.create(wanted, signal),
      signal,
    }),
  boot: (vm) => request({ operation: 'boot', subject: keyOf(vm), carryOut: () => host.boot(vm) }),
  find: (name) => request({ operation: 'find', subject: name, carryOut: () => host.find(name) }),
  list: () => request({ operation: 'list', subject: '', carryOut: () => host.list() }),
  destroy: (vm, graceMs) =>
    request({ operation: 'destroy', subject: keyOf(vm), carryOut: () => host.destroy(vm, graceMs) }),
  log: (vm, lines) => request({ operation: 'log', subject: keyOf(vm), carryOut: () => host.log(vm, lines) }),
});
