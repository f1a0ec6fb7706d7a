/** One run of one world, from one number: the library under faults, then without, and every invariant at every step. */
import * as E from 'fp-ts/lib/Either.js';
import type { Adapters } from './adapters.ts';
import { type Choices, type Plan, plannedChoices, seededChoices } from './choices.ts';
import type { Fact } from './facts.ts';
import { type ProfileName, profiles, swarm } from './faults.ts';
import { allInvariants } from './invariants/index.ts';
import type { Invariant } from './invariants/invariant.ts';
import { createKernel } from './kernel.ts';
import { type Counts, createLab } from './lab.ts';
import { createOperator } from './operator/operator.ts';
import { createPlaces } from './places.ts';
import { createLog } from './ports/store.ts';
import { createSettling } from './settling.ts';
import { shapeOf } from './shape.ts';
import { createSightings } from './sightings.ts';
import { createTrace, type TraceLine } from './trace.ts';
import { withTripwire } from './tripwire.ts';
import { createTruth } from './truth.ts';
import { weather } from './weather.ts';
import { createWorld } from './world.ts';

export type SimulationOptions = Readonly<{
  /** How much goes wrong, and what; `usual` by default. */
  profile?: ProfileName;
  /** What takes the place of a simulated port; nothing by default. */
  adapters?: Adapters | undefined;
  /** Keeps the lines of the log, for a report. */
  trace?: boolean;
  /** Gives up, with nothing found, after so many steps of the kernel. Default: until it settles or never will. */
  stepsMax?: number;
  /** Looks away from this one invariant: whether the others see the same. */
  without?: string;
}> &
  /** An integer draws every choice; a plan plays back those of a run, or fewer. */
  (Readonly<{ seed: number }> | Readonly<{ plan: Plan }>);

/** The first thing that did not hold, and when: in virtual milliseconds, and after how many steps. */
export type Violation = Readonly<{ invariant: string; detail: string; atMs: number; step: number }>;

export type Simulation = Readonly<{
  /** Null if everything held. */
  violation: Violation | null;
  /** Of the whole global log: the same for the same seed, profile and code. */
  hash: string;
  /** How many things happened. */
  steps: number;
  virtualMs: number;
  /** How many virtual ms it took to settle when the faults were over; null if it did not come to that. */
  settledAfterMs: number | null;
  /** How many events were appended. */
  events: number;
  counts: Counts;
  /** Every choice that was made: the whole reproduction. */
  plan: Plan;
  /** Empty unless it was asked for. */
  trace: readonly TraceLine[];
}>;

const STEPS_MAX = 400_000;

/** Runs it to its end or its first violation. What is wrong is told, not thrown. */
export const simulate = (options: SimulationOptions): Promise<Simulation> =>
  withTripwire(() => run('plan' in options ? plannedChoices(options.plan) : seededChoices(options.seed), options));

const run = async (choices: Choices, options: SimulationOptions): Promise<Simulation> => {
  const stage = setStage(choices, options);
  const { kernel, lab, log, trace, settling, violate, violation } = stage;
  const { stepsMax = STEPS_MAX, adapters } = options;
  const live = () => kernel.run(() => violation() !== null || settling.over() || kernel.steps() >= stepsMax);
  await (adapters === undefined ? live() : withTripwire(live, lab.defect));
  if (kernel.steps() >= STEPS_MAX) violate('settles', `it still goes on after ${STEPS_MAX} steps`);
  return {
    violation: violation(),
    hash: trace.hash(),
    steps: kernel.steps(),
    virtualMs: kernel.now(),
    settledAfterMs: settling.afterMs(),
    events: log.all.length,
    counts: lab.counts,
    plan: choices.plan(),
    trace: trace.lines(),
  };
};

/** Everything in its place, and nothing has happened yet. */
const setStage = (choices: Choices, options: SimulationOptions) => {
  const { profile = 'usual', trace: keep = false, without, adapters } = options;
  const kernel = createKernel();
  const trace = createTrace(kernel.now, keep);
  const truth = createTruth();
  let violation: Violation | null = null;
  const violate = (invariant: string, detail: string) => {
    if (invariant === without) return;
    violation ??= { invariant, detail, atMs: kernel.now(), step: kernel.steps() };
    trace.note('INVARIANT', `${invariant}: ${detail}`);
  };
  const watchers: ((fact: Fact) => void)[] = [];
  const lab = createLab({
    kernel,
    choices,
    trace,
    // A plan names every fault that happens: which classes of them were on is of no interest any more.
    rates: 'plan' in options ? profiles[profile] : swarm(profiles[profile], choices),
    places: createPlaces(truth),
    watch: (fact) => {
      for (const watcher of watchers) watcher(fact);
    },
    defect: (what) => violate('defect', what),
  });

  const shape = shapeOf(choices, profiles[profile]);
  const log = createLog((stored, by) => {
    const taken = truth.take(stored, by);
    if (E.isLeft(taken)) return violate('readable', taken.left);
    trace.note('log', `${by}: ${taken.right.json}`);
    lab.fact(taken.right);
  });
  const world = createWorld(lab, shape, log, adapters);
  const { engine, router } = world;
  const scene = { truth, engine, router, log, readsLag: profiles[profile]['read-stale'] > 0 };
  const invariants = allInvariants(scene);
  const sighting = createSightings(truth);
  watchers.push(
    (fact) => {
      const seen = sighting(fact);
      if (seen !== null) lab.saw(seen);
    },
    (fact) => check(invariants, fact, violate),
  );

  const operator = createOperator(lab, shape, truth, world.branches, world.running);
  const settling = createSettling(lab, shape, scene, world, operator, violate);
  const processes = () => world.running().map(({ process }) => process);
  weather({ lab, engine, router, processes, replace: world.replace });
  kernel.after(500, () => operator.begin(settling.begin));
  return { kernel, lab, log, trace, settling, violate, violation: () => violation };
};

const check = (invariants: readonly Invariant[], fact: Fact, violate: (id: string, detail: string) => void): void => {
  for (const { id, on } of invariants) {
    const wrong = on?.(fact) ?? null;
    if (wrong !== null) violate(id, wrong);
  }
};
