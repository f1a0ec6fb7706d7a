import { type DeploymentId, deploymentStream, type Ending, type Rejection } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { cancellation } from './cancellation.ts';
import { orFault } from './fault.ts';
import type { Journal } from './journal.ts';
import type { Ports } from './ports.ts';

/** Where a deployment came to rest. `live` says that it went live, not that it still is. */
export type Settled = 'live' | Ending;

export const settle = async (
  { store }: Ports,
  journal: Journal,
  id: DeploymentId,
): Promise<E.Either<Rejection, Settled>> => {
  const after = await orFault(store.head());
  const now = await outcomeOf(journal, id);
  if (now === 'unknown') return E.left({ code: 'DeploymentNotFound', deployment: id });
  if (now !== 'open') return E.right(now);

  const ending = cancellation();
  let settled: Settled | null = null;
  await orFault(
    store.subscribe({ after, signal: ending.signal }, async (events) => {
      if (!events.some(({ stream }) => stream === deploymentStream(id))) return;
      const outcome = await outcomeOf(journal, id);
      if (outcome === 'open' || outcome === 'unknown') return;
      settled = outcome;
      ending.cancel();
    }),
  );
  if (settled === null) throw new Error(`The subscription ended before deployment ${id} settled.`);
  return E.right(settled);
};

const outcomeOf = async (journal: Journal, id: DeploymentId): Promise<Settled | 'open' | 'unknown'> => {
  const { request, ending, promoted } = (await journal.deployment(id)).state;
  if (request === null) return 'unknown';
  return ending ?? (promoted ? 'live' : 'open');
};
