/** What becomes of an instance, whoever manages it: the simulated engine, or somebody's own. */
import type { Address, Digest, InstanceId } from '@recourse/core';
import type { Lab } from '../lab.ts';
import type { Engine, SimInstance } from './engine.ts';

/** It is there, and does not run yet. */
export const createInstance = (
  { instances, here }: Engine,
  id: InstanceId,
  { key, deployment, environment }: SimInstance['order'],
  digest: Digest,
): SimInstance => {
  const instance: SimInstance = {
    id,
    order: { key, deployment, environment },
    digest,
    commit: here.get(digest)?.commit ?? null,
    address: { host: '127.0.0.1', port: 0 },
    running: false,
    stopping: false,
    died: false,
    bootedAt: 0,
    sickUntil: 0,
  };
  instances.set(id, instance);
  return instance;
};

/** It runs, and serves when its app has booted. */
export const runInstance = (lab: Lab, instance: SimInstance, address: Address, bootsMs: number): void => {
  instance.running = true;
  instance.died = false;
  instance.address = address;
  instance.bootedAt = lab.kernel.now() + bootsMs;
  lab.fact({ type: 'started', instance, adopted: false });
};

/** It was asked to end. */
export const stopInstance = (lab: Lab, instance: SimInstance): void => {
  lab.fact({ type: 'stopping', instance });
  instance.stopping = true;
};

export const removeInstance = (lab: Lab, { instances }: Engine, { id, order }: SimInstance): void => {
  instances.delete(id);
  lab.trace.note('world', `${order.key} is gone`);
};
