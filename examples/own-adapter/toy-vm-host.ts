/** The host itself, as a toy: every VM is a child process on the loopback interface, every image a program for Node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { HostRefused, type NewVm, type Vm, type VmHost } from './vm-host.ts';

type Machine = {
  readonly vm: Vm;
  readonly variables: NewVm['variables'];
  readonly printed: string[];
  doing: 'starting' | 'stopping' | null;
  child: ChildProcess | null;
  /** Of the first request to destroy it; whoever asks again waits for it. */
  end: Promise<void> | null;
};

export type ToyVmHost = Readonly<{
  host: VmHost;
  /** Puts a program into the store of images; its digest. */
  addImage: (program: string) => Promise<string>;
  /** Ends the VM of that name from inside, by force. */
  kill: (name: string) => void;
  close: () => Promise<void>;
}>;

export const openToyVmHost = async (): Promise<ToyVmHost> => {
  const folder = await mkdtemp(join(tmpdir(), 'toy-vm-host-'));
  const images = new Map<string, string>();
  const machines = new Map<string, Machine>();
  const all = () => [...machines.values()];
  const named = (name: string) => all().find(({ vm }) => vm.name === name);

  const make = async ({ name, image, labels, variables }: NewVm): Promise<Machine> => {
    if (named(name) !== undefined) throw new HostRefused('name-taken');
    if (!images.has(image)) throw new HostRefused('no-image');
    const address = { host: '127.0.0.1', port: 0 };
    const vm: Vm = { id: randomUUID(), name, image, labels, state: 'starting', exitCode: null, address };
    const machine: Machine = { vm, variables, printed: [], doing: 'starting', child: null, end: null };
    machines.set(vm.id, machine);
    address.port = await freePort(new Set(all().map((one) => one.vm.address.port)));
    return machine;
  };

  const boot = (machine: Machine): Promise<Vm> => run(machine, images.get(machine.vm.image) ?? '');

  const destroy = (machine: Machine, graceMs: number): Promise<void> => {
    machine.doing = 'stopping';
    machine.end ??= endOf(machine.child, graceMs).then(() => void machines.delete(machine.vm.id));
    return machine.end;
  };

  return {
    host: {
      create: async (wanted) => boot(await make(wanted)),
      boot: async ({ id }) => {
        const machine = machines.get(id);
        if (machine === undefined) throw new HostRefused('not-found');
        return machine.doing === null && hasExited(machine.child) ? boot(machine) : told(machine);
      },
      find: async (name) =>
        all()
          .map(told)
          .find((vm) => vm.name === name) ?? null,
      list: async () => all().map(told),
      destroy: async ({ id }, graceMs) => {
        const machine = machines.get(id);
        if (machine !== undefined) await destroy(machine, graceMs);
      },
      log: async ({ id }, lines) => (lines === 0 ? [] : (machines.get(id)?.printed.slice(-lines) ?? [])),
    },
    addImage: async (program) => {
      const hex = createHash('sha256').update(program).digest('hex');
      await writeFile(join(folder, `${hex}.mjs`), program);
      images.set(`sha256:${hex}`, join(folder, `${hex}.mjs`));
      return `sha256:${hex}`;
    },
    kill: (name) => void named(name)?.child?.kill('SIGKILL'),
    close: async () => {
      await Promise.all(all().map((machine) => destroy(machine, 0)));
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Answers when its process runs, whether or not its app serves yet. */
const run = async (machine: Machine, program: string): Promise<Vm> => {
  const { vm, variables, printed } = machine;
  machine.doing = 'starting';
  const env = { ...variables, HOST: vm.address.host, PORT: String(vm.address.port) };
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  machine.child = child;
  child.stdout.on('data', (text: Buffer) => printed.push(...text.toString().trimEnd().split('\n')));
  await once(child, 'spawn');
  if (machine.doing === 'starting') machine.doing = null;
  return told(machine);
};

const told = ({ vm, doing, child }: Machine): Vm => ({
  ...vm,
  state: doing ?? (hasExited(child) ? 'exited' : 'running'),
  exitCode: child?.exitCode ?? null,
});

const hasExited = (child: ChildProcess | null): boolean =>
  child === null || child.exitCode !== null || child.signalCode !== null;

const endOf = async (child: ChildProcess | null, graceMs: number): Promise<void> => {
  if (child === null || hasExited(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = new AbortController();
  const tooLate = setTimeout(graceMs, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([ended, tooLate.then(() => child.kill('SIGKILL'))]);
  await ended;
  patience.abort();
};

/** One that nobody listens on now, and that no VM has been given. */
const freePort = async (taken: ReadonlySet<number>): Promise<number> => {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    if (port !== 0 && !taken.has(port)) return port;
  }
};
