/**
 * A worker reads a deployment, then its environment, then does what is owed. One that read what is still so is like one
 * that did not read yet. So what a worker has read becomes a part of the world only when it becomes old: with every
 * move that changes a stream, those who do nothing may have read it the moment before.
 */
import type { Deployment } from '@recourse/core';
import { goOn } from './effects.ts';
import { type Exploring, environmentIndexOf, type Move } from './move.ts';
import { at, type Owed, type Worker, type World } from './world.ts';

export const owedBy = (exploring: Exploring, world: World, who: number, known: Deployment): Owed | null => {
  if (known.request === null) return null;
  const step = exploring.books.owed(known, at(world.environments, environmentIndexOf(exploring, who)));
  return step.type === 'Done' || step.type === 'Wait' ? null : step;
};

/** The same move, once for each way in which others may have read before it. */
export const slowReaders = (exploring: Exploring, before: World, move: Move): readonly Move[] => {
  if (move.appended.length === 0) return [];
  let worlds: readonly World[] = [move.after];
  before.workers.forEach((worker, place) => {
    if (place === move.place) return;
    const old = oldReadsOf(exploring, before, move.after, worker);
    if (old.length > 0) worlds = worlds.flatMap((world) => [world, ...old.map((one) => goOn(world, place, one))]);
  });
  const what = `${move.what}, after others read`;
  return worlds.slice(1).map((after) => ({ ...move, what, after, broken: [], peace: null }));
};

const oldReadsOf = (exploring: Exploring, before: World, after: World, worker: Worker): readonly Worker[] => {
  if (worker.at === 'reading') {
    const { who, known } = worker;
    const step = owedBy(exploring, before, who, known);
    return step === null || step === owedBy(exploring, after, who, known) ? [] : [{ at: 'owing', who, step }];
  }
  if (worker.at !== 'rest') return [];
  return before.deployments.flatMap((known, who): readonly Worker[] => {
    if (known.request === null) return [];
    const now = at(after.deployments, who);
    const step = owedBy(exploring, before, who, known);
    const isOld = step !== null && step !== owedBy(exploring, after, who, now);
    return [
      ...(isOld ? [{ at: 'owing', who, step } as const] : []),
      ...(now === known || !exploring.space.readsApart ? [] : [{ at: 'reading', who, known } as const]),
    ];
  });
};
