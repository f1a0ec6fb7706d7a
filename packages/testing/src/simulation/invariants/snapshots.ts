/** A snapshot is what the events amount to; a checkpoint knows what is live, and forgets nobody who is still open. */
import {
  DeploymentId,
  Environment,
  EnvironmentId,
  environmentEvents,
  environmentStream,
  evolveEnvironment,
  initialEnvironment,
  type Snapshot,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { z } from 'zod';
import { isOpen } from '../settled.ts';
import type { DeploymentTruth, Truth } from '../truth.ts';
import type { Invariant, Scene } from './invariant.ts';

export const snapshots = (scene: Scene): Invariant => ({
  id: 'snapshots',
  on: (fact) => {
    if (fact.type !== 'snapshot-saved') return null;
    return fact.key.startsWith('environment-')
      ? environmentProblem(scene, fact.key, fact.snapshot)
      : checkpointProblem(scene, fact.snapshot);
  },
});

const environmentProblem = ({ log }: Scene, key: string, { version, state }: Snapshot): string | null => {
  let folded = initialEnvironment;
  for (const stored of log.stream(key).slice(0, version + 1)) {
    const event = environmentEvents.decode(stored);
    if (E.isLeft(event)) return event.left.message;
    folded = evolveEnvironment(folded, event.right);
  }
  const saved = Environment.safeParse(state);
  if (!saved.success) return `the snapshot of ${key} at ${version} does not parse`;
  const same = JSON.stringify(Environment.parse(folded)) === JSON.stringify(saved.data);
  return same ? null : `the snapshot of ${key} at ${version} is not what its events amount to`;
};

const Checkpoint = z.object({
  position: z.string().nullable(),
  environments: z.array(z.tuple([EnvironmentId, z.object({ deployment: DeploymentId }).nullable()])),
  open: z.array(z.tuple([DeploymentId, EnvironmentId, z.boolean()])),
});

const checkpointProblem = (scene: Scene, { state }: Snapshot): string | null => {
  const checkpoint = Checkpoint.safeParse(state);
  if (!checkpoint.success) return 'the checkpoint does not parse';
  const { position, environments, open } = checkpoint.data;
  const upTo = position === null ? -1 : Number(position);
  const listed = new Set(open.map(([id]) => id));
  for (const known of scene.truth.deployments.values())
    if (openSince(scene.truth, known) <= upTo && !listed.has(known.id) && isOpen(scene.truth, known.id))
      return `the sweeper has forgotten ${known.id}`;
  for (const [environment, live] of environments)
    if ((live?.deployment ?? null) !== liveAt(scene, environment, upTo))
      return `the overview takes ${live?.deployment ?? 'nothing'} for what is live in ${environment}`;
  return null;
};

const liveAt = ({ log }: Scene, environment: EnvironmentId, upTo: number): DeploymentId | null => {
  const activated = log
    .stream(environmentStream(environment))
    .findLast(({ type, position }) => type === 'Activated' && Number(position) <= upTo);
  if (activated === undefined) return null;
  const event = environmentEvents.decode(activated);
  return E.isRight(event) && event.right.type === 'Activated' ? event.right.release.deployment : null;
};

/** One that was done may be stood in line again, by somebody who did not know. */
const openSince = ({ environments }: Truth, { id, request, askedAt, ending, promoted }: DeploymentTruth): number =>
  ending === null && !promoted ? askedAt : (environments.get(request.environment)?.turns.get(id) ?? askedAt);
