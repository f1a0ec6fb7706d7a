/** Which deployments are open, and which environments there are: followed through the whole store, from a checkpoint. */
import { DeploymentId, EnvironmentId, type Position, type StoredEvent } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { z } from 'zod';
import { orFault } from '../fault.ts';
import type { Ports } from '../ports.ts';

const Checkpoint = z.object({
  position: z.string().nullable(),
  open: z.array(DeploymentId),
  environments: z.array(EnvironmentId),
});

const KEY = 'sweeper-open-deployments';
const SCHEMA = 1;
const PAGE = 500;

export type OpenDeployments = Readonly<{
  /** Reads what was appended since the last time. */
  follow(): Promise<void>;
  /** Open, and without an event for `quietMs` as seen from here: nobody seems to be at it. */
  quiet(quietMs: number): readonly DeploymentId[];
  /** Looked at and found to be done. */
  close(deployment: DeploymentId): void;
  environments(): readonly EnvironmentId[];
}>;

export const createOpenDeployments = ({ store, snapshots, clock }: Ports): OpenDeployments => {
  /** When an event was last seen, by this process's own clock: clocks of other machines prove nothing. */
  const open = new Map<DeploymentId, number>();
  const environments = new Set<EnvironmentId>();
  let position: Position | null = null;
  let version = -1;
  let started = false;

  const load = async () => {
    const saved = await snapshots.load(KEY)();
    if (E.isLeft(saved) || saved.right?.schema !== SCHEMA) return;
    const checkpoint = Checkpoint.safeParse(saved.right.state);
    if (!checkpoint.success) return;
    position = checkpoint.data.position;
    version = saved.right.version;
    for (const id of checkpoint.data.open) open.set(id, Number.NEGATIVE_INFINITY);
    for (const id of checkpoint.data.environments) environments.add(id);
  };

  const save = async () => {
    version++;
    const state = { position, open: [...open.keys()], environments: [...environments] };
    await snapshots.save(KEY, { version, schema: SCHEMA, state })();
  };

  const see = (event: StoredEvent, at: number) => {
    const environment = EnvironmentId.safeParse(after('environment-', event.stream));
    if (environment.success) environments.add(environment.data);
    const named = DeploymentId.safeParse(deploymentIn(event));
    if (environment.success && named.success) {
      if (event.type === 'SlotReleased') open.delete(named.data);
      // Also of one that was done: a worker that slept may stand it in line again, and somebody has to take it out.
      if (event.type === 'SlotRequested') open.set(named.data, at);
    }
    const deployment = DeploymentId.safeParse(after('deployment-', event.stream));
    if (!deployment.success) return;
    const begins = event.type === 'DeploymentRequested' || event.type === 'RollbackRequested';
    if (begins || open.has(deployment.data)) open.set(deployment.data, at);
  };

  return {
    follow: async () => {
      if (!started) await load();
      let seen = 0;
      for (;;) {
        const page = await orFault(store.readAll({ after: position, limit: PAGE }));
        // What is found open at the start may have been left by a crash: it is quiet from the beginning.
        for (const event of page.events) see(event, started ? clock.now() : Number.NEGATIVE_INFINITY);
        position = page.next;
        seen += page.events.length;
        if (page.events.length < PAGE) break;
      }
      started = true;
      if (seen > 0) await save();
    },
    quiet: (quietMs) => [...open].flatMap(([id, at]) => (at <= clock.now() - quietMs ? [id] : [])),
    close: (deployment) => void open.delete(deployment),
    environments: () => [...environments],
  };
};

const after = (prefix: string, stream: string): string | null =>
  stream.startsWith(prefix) ? stream.slice(prefix.length) : null;

const deploymentIn = ({ data }: StoredEvent): unknown =>
  typeof data === 'object' && data !== null && 'deployment' in data ? data['deployment'] : null;
