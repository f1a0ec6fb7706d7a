/** How large a world is and how it is furnished. Drawn from the seed; zero is the smallest and plainest. */
import { EnvironmentId, type Policy } from '@recourse/core';
import type { Choices } from './choices.ts';
import type { Rates } from './faults.ts';

export type Shape = Readonly<{
  processes: number;
  environments: readonly EnvironmentId[];
  /** How many orders the operator gives. */
  orders: number;
  /** About how long between two of them. */
  paceMs: number;
  sweepEveryMs: number;
  /** The same commit built again gives the same bytes, which environments then share. */
  reproducible: boolean;
  /** Whether what is built is pushed to a registry. */
  registry: boolean;
  /** Wake-ups are lost nine times in ten, for ever: the sweeper has to do. */
  deafQueue: boolean;
}>;

const names = ['shop', 'blog', 'mail'];

/** `faults`: of the profile. A world in which no message can be lost has no deaf queue. */
export const shapeOf = (choices: Choices, faults: Rates): Shape => {
  const moment = choices.at('shape');
  return {
    processes: 2 + moment.pick('processes', 4),
    environments: names.slice(0, [1, 1, 2, 3][moment.pick('environments', 4)]).map((name) => EnvironmentId.parse(name)),
    // Many short stories find more than few long ones; some mistakes take a long one.
    orders: 3 + moment.pick('orders', 9) + (moment.pick('long', 8) === 1 ? 12 : 0),
    paceMs: [20_000, 8_000, 3_000, 300][moment.pick('pace', 4)] ?? 20_000,
    sweepEveryMs: moment.pick('sweep', 2) === 0 ? 10_000 : 20_000,
    reproducible: moment.pick('reproducible', 2) === 1,
    registry: moment.pick('registry', 2) === 1,
    deafQueue: faults['message-lost'] > 0 && moment.pick('deaf queue', 10) === 1,
  };
};

const quick = { deadlineMs: 20_000, attemptsMax: 6, backoffMs: 250, backoffMaxMs: 5_000 };

/** Short, so that a run ends soon; of the same kinds as the default policy. */
export const policy: Policy = {
  'resolve-source': quick,
  'probe-image': quick,
  'pull-image': quick,
  build: { ...quick, deadlineMs: 60_000, attemptsMax: 4 },
  start: quick,
  'check-health': { ...quick, deadlineMs: 40_000 },
  promote: quick,
  'restore-traffic': { ...quick, attemptsMax: null },
  'retire-previous': { ...quick, deadlineMs: 40_000 },
  'stop-instance': { ...quick, deadlineMs: 40_000 },
};

export const HEALTHY_WITHIN_MS = 10_000;
export const DRAIN_MS = 2_000;
export const STOP_GRACE_MS = 3_000;
