/** What somebody's VM host can be asked: the small part of its API that the adapter needs. */
import type { CancelSignal } from '@recourse/core';
import { z } from 'zod';

export const Vm = z.object({
  /** Given by the host, and never again to another one. */
  id: z.string(),
  name: z.string(),
  /** The digest of the disk image that it was made of. */
  image: z.string(),
  labels: z.record(z.string(), z.string()),
  state: z.enum(['starting', 'running', 'stopping', 'exited']),
  exitCode: z.int().nullable(),
  address: z.object({ host: z.string(), port: z.int() }),
});
export type Vm = z.infer<typeof Vm>;

export const NewVm = Vm.pick({ name: true, image: true, labels: true }).extend({
  name: z.string().max(40),
  variables: z.record(z.string(), z.string()),
});
export type NewVm = z.infer<typeof NewVm>;

/** In production this is HTTP, in the simulated world it is a map. */
export type VmHost = Readonly<{
  /** Makes and boots one; answers when it runs. A name is taken as long as there is a VM of it. */
  create(wanted: NewVm, signal: CancelSignal): Promise<Vm>;
  /** Starts one that has exited; leaves one alone that runs. */
  boot(vm: Vm): Promise<Vm>;
  find(name: string): Promise<Vm | null>;
  list(): Promise<readonly Vm[]>;
  /** Asks it to end, ends it by force after `graceMs`, and answers when it is gone; at once if it is not there. */
  destroy(vm: Vm, graceMs: number): Promise<void>;
  /** The last lines that it printed, oldest first; none of one that is gone. */
  log(vm: Vm, lines: number): Promise<readonly string[]>;
}>;

/** The host has answered, and the answer is no. Whatever else is thrown means that it could not be asked. */
export class HostRefused extends Error {
  readonly reason: 'name-taken' | 'no-image' | 'not-found';

  constructor(reason: HostRefused['reason']) {
    super(`The VM host refused: ${reason}.`);
    this.reason = reason;
  }
}
