/** The host over HTTP, as in production. */
import type { CancelSignal } from '@recourse/core';
import { z } from 'zod';
import { HostRefused, type NewVm, Vm, type VmHost } from './vm-host.ts';

const refusals: Readonly<Record<number, HostRefused['reason']>> = {
  404: 'not-found',
  409: 'name-taken',
  422: 'no-image',
};

export const httpVmHost = ({ url }: Readonly<{ url: string }>): VmHost => {
  const ask = async (method: string, path: string, body: NewVm | null = null, signal?: AbortSignal) => {
    const sent = body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${url}${path}`, { method, ...sent, ...(signal ? { signal } : {}) });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    const reason = refusals[response.status];
    throw reason === undefined ? new Error(`The VM host answered ${response.status}.`) : new HostRefused(reason);
  };

  return {
    create: async (wanted, signal) => Vm.parse(await ask('POST', '/vms', wanted, abortSignalOf(signal))),
    boot: async ({ id }) => Vm.parse(await ask('POST', `/vms/${id}/boot`)),
    find: async (name) => z.array(Vm).parse(await ask('GET', `/vms?name=${name}`))[0] ?? null,
    list: async () => z.array(Vm).parse(await ask('GET', '/vms')),
    destroy: async ({ id }, graceMs) => void (await ask('DELETE', `/vms/${id}?graceMs=${graceMs}`)),
    log: async ({ id }, lines) => z.array(z.string()).parse(await ask('GET', `/vms/${id}/log?lines=${lines}`)),
  };
};

const abortSignalOf = (signal: CancelSignal): AbortSignal => {
  const controller = new AbortController();
  if (signal.aborted) controller.abort();
  else signal.addEventListener('abort', () => controller.abort());
  return controller.signal;
};
