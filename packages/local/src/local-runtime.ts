/** Runs bundles as child processes. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CancelSignal,
  type Instance,
  type InstanceState,
  type OwnedInstance,
  type Runtime,
  type StartOrder,
  StepKey,
} from '@recourse/core';
import { createInstance, WORK } from './create-instance.ts';
import { attempt, Failure } from './failure.ts';
import { findInstance, folderOf, type InstanceRecord, latestRun } from './instance-files.ts';
import { lastLines } from './instance-log.ts';
import { type Layout, openLayout } from './layout.ts';
import type { LocalOptions } from './local-images.ts';
import { environmentOf, exists, runInstance, STOPPING } from './run-instance.ts';
import * as errors from './runtime-errors.ts';
import { endRemains, stopInstance } from './stop-instance.ts';

/** How often a start may find that somebody else just stopped what it starts. */
const ATTEMPTS = 5;

/**
 * Runs instances as child processes on 127.0.0.1, as this user and without any limits (those of the RunSpec are not
 * kept): **for trusted code only**. An app is told its address in HOST and PORT, gets the order's variables and nothing
 * of the platform's own, and runs in a working copy of its bundle that goes when it is stopped. It lives on when the
 * platform ends, and is found again by any worker that has the same directory on the same machine.
 *
 * Throws if the directory cannot be made.
 */
export const localRuntime = ({ directory }: LocalOptions): Runtime => {
  const layout = openLayout(directory);
  const unreachable = errors.unreachable(directory);

  return {
    start: (order, signal) => attempt(() => start(layout, order, signal), unreachable),
    inspect: (key) => attempt(() => inspect(layout, key), unreachable),
    stop: (key, { graceMs }) =>
      attempt(async () => {
        const record = await findInstance(layout, key);
        if (record !== null) await stopInstance(layout, record, graceMs);
      }, unreachable),
    logs: (key, { lines }) =>
      attempt(async () => {
        const record = await findInstance(layout, key);
        return record === null ? [] : lastLines(folderOf(layout, record), lines);
      }, unreachable),
    list: () => attempt(async () => (await instances(layout)).map(owned), unreachable),
  };
};

const start = async (layout: Layout, order: StartOrder, signal: CancelSignal): Promise<Instance> => {
  for (let attempts = 0; attempts < ATTEMPTS; attempts += 1) {
    if (signal.aborted) throw new Failure(errors.cancelled(order));
    const record = await findInstance(layout, order.key);
    if (record === null) {
      const ports = new Set((await instances(layout)).map(({ port }) => port));
      const created = await createInstance(layout, order, ports, signal);
      if (!created && (await findInstance(layout, order.key)) === null && attempts > 0) {
        throw new Failure(errors.keyTaken(order, 'something that is not an instance of ours'));
      }
    } else if (record.digest !== order.image.digest) {
      throw new Failure(errors.keyTaken(order, `an instance of another image (${record.digest})`));
    } else if (await exists(join(folderOf(layout, record), STOPPING))) {
      await stopInstance(layout, record, order.run.stopGraceMs);
    } else if (await begin(layout, record, order)) {
      return instanceOf(record);
    }
  }
  throw new Failure(errors.interrupted(order));
};

/** Sees to it that the instance runs; false if somebody stops it meanwhile. */
const begin = async (layout: Layout, record: InstanceRecord, order: StartOrder): Promise<boolean> => {
  const run = await latestRun(layout, record);
  if (run.running && run.exitCode === null) return true;
  if (run.pid !== null) await endRemains(run.pid, record.id);
  const folder = folderOf(layout, record);
  return runInstance({
    id: record.id,
    folder,
    number: run.number + 1,
    argv: record.start,
    cwd: join(folder, WORK),
    environment: environmentOf(record.id, folder, record.port, order.variables),
  });
};

const inspect = async (layout: Layout, key: StepKey): Promise<InstanceState> => {
  const record = await findInstance(layout, key);
  if (record === null) return { state: 'gone' };
  const { running, exitCode } = await latestRun(layout, record);
  return running && exitCode === null
    ? { state: 'running', instance: instanceOf(record) }
    : { state: 'exited', exitCode };
};

const instances = async (layout: Layout): Promise<readonly InstanceRecord[]> => {
  const keys = (await readdir(layout.instances)).flatMap((name) => {
    const key = StepKey.safeParse(name);
    return key.success ? [key.data] : [];
  });
  const records = await Promise.all(keys.map((key) => findInstance(layout, key)));
  return records.filter((record) => record !== null);
};

const instanceOf = ({ id, port }: InstanceRecord): Instance => ({ id, address: { host: '127.0.0.1', port } });

const owned = ({ id, key, deployment, environment, digest }: InstanceRecord): OwnedInstance => ({
  id,
  key,
  deployment,
  environment,
  digest,
});
