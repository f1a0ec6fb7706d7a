/** The host's twin for the simulated world: the same answers out of a map, and the world is told what really runs. */
import type { SimulatedInstance, SimulatedWorld } from '@recourse/testing/simulation';
import { HostRefused, NewVm, type Vm, type VmHost } from './vm-host.ts';
import { labels } from './vm-runtime.ts';

type Machine = Readonly<{ vm: Vm; instance: SimulatedInstance }> & { doing: 'starting' | 'stopping' | null };

export const simulatedVmHost = (world: SimulatedWorld): VmHost => {
  const machines = new Map<string, Machine>();
  let made = 0;

  const boot = async (machine: Machine): Promise<Vm> => {
    machine.doing = 'starting';
    await world.pause(20 + 100 * world.pick(`boot of ${keyOf(machine.vm)}`, 10));
    if (machine.doing !== 'starting') throw new HostRefused('not-found');
    machine.doing = null;
    machine.instance.runs(machine.vm.address);
    return told(machine);
  };

  const create = (wanted: NewVm): Machine => {
    const { name, image, labels: given } = NewVm.parse(wanted);
    if ([...machines.values()].some(({ vm }) => vm.name === name)) throw new HostRefused('name-taken');
    if (!world.hasImage(image)) throw new HostRefused('no-image');
    const id = `vm-${++made}`;
    const address = { host: `10.0.${made >> 8}.${made & 255}`, port: 80 };
    const vm: Vm = { id, name, image, labels: given, state: 'starting', exitCode: null, address };
    const instance = world.instance({ id, key: keyOf(vm), digest: image });
    const machine: Machine = { vm, instance, doing: null };
    machines.set(id, machine);
    return machine;
  };

  return {
    create: async (wanted) => boot(create(wanted)),
    boot: async ({ id }) => {
      const machine = machines.get(id);
      if (machine === undefined) throw new HostRefused('not-found');
      return machine.doing === null && !machine.instance.isRunning() ? boot(machine) : told(machine);
    },
    find: async (name) => [...machines.values()].map(told).find((vm) => vm.name === name) ?? null,
    list: async () => [...machines.values()].map(told),
    destroy: async ({ id }, graceMs) => {
      const machine = machines.get(id);
      if (machine === undefined) return;
      machine.doing = 'stopping';
      machine.instance.stopping();
      await world.pause(Math.min(graceMs, 10 + 200 * world.pick(`end of ${keyOf(machine.vm)}`, 5)));
      if (machines.delete(id)) machine.instance.gone();
    },
    log: async ({ id }) => (machines.has(id) ? ['its last words'] : []),
  };
};

export const keyOf = (vm: Pick<Vm, 'labels'>): string => vm.labels[labels.key] ?? '';

const told = ({ vm, doing, instance }: Machine): Vm => ({
  ...vm,
  state: doing ?? (instance.isRunning() ? 'running' : 'exited'),
});
