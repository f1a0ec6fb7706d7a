/** A snapshot is what the events amount to, and a checkpoint of the sweeper forgets nobody who is still open. */
import { Environment, environmentEvents, evolveEnvironment, initialEnvironment, type Snapshot } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
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

const checkpointProblem = (scene: Scene, { state }: Snapshot): string | null => {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) return 'the checkpoint is no object';
  const { position, open } = state as { position?: unknown; open?: unknown };
  if (!Array.isArray(open)) return 'the checkpoint has no list';
  const upTo = typeof position === 'string' ? Number(position) : -1;
  for (const known of scene.truth.deployments.values())
    if (openSince(scene.truth, known) <= upTo && !open.includes(known.id) && isOpen(scene.truth, known.id))
      return `the sweeper has forgotten ${known.id}`;
  return null;
};

/** One that was done may be stood in line again, by somebody who did not know. */
const openSince = ({ environments }: Truth, { id, request, askedAt, ending, promoted }: DeploymentTruth): number =>
  ending === null && !promoted ? askedAt : (environments.get(request.environment)?.turns.get(id) ?? askedAt);
