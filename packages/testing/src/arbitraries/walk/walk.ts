/**
 * A walk through core: an environment, a few deployments, workers that are slow, die and hold old states, people and
 * engines that interfere, all by chance. Then the faults end, and everything must come to rest.
 */
import { type DeploymentId, Instant, type Step } from '@recourse/core';
import { type Chance, chanceFrom } from './chance.ts';
import { act, deploy, pass, resume } from './operator.ts';
import type { Script } from './script.ts';
import { work } from './worker.ts';
import { deploymentOf, newWorld, type Walking, type World } from './world.ts';

export type WalkOptions = Readonly<{
  seed: number;
  /** For how many turns chance may interfere. */
  turns: number;
}>;

export type Walked = Readonly<{
  world: World;
  /** How often each step was owed. */
  steps: Readonly<Record<string, number>>;
  /** How many turns it took to come to rest after the faults; null: it did not. */
  settledAfter: number | null;
}>;

type Worker = { script: Script<void>; request: (() => unknown) | null };

const WORKERS_MAX = 4;
const SETTLE_MAX = 4_000;

export const walk = ({ seed, turns }: WalkOptions): Walked => {
  const walking: Walking = { world: newWorld(), chance: chanceFrom(seed) };
  const steps: Record<string, number> = {};
  const saw = ({ type }: Step) => {
    steps[type] = (steps[type] ?? 0) + 1;
  };
  const workers: Worker[] = [];

  // Something is live before anything goes wrong: else few would ever come to a rollback.
  for (let count = walking.chance.pick(3); count > 0; count--) {
    walking.chance.calm(false);
    deploy(walking);
    walking.chance.calm(true);
    settle(walking, workers, saw);
  }
  walking.chance.calm(false);
  for (let turn = 0; turn < turns; turn++) interfere(walking, workers, saw);
  walking.chance.calm(true);
  for (const request of walking.world.inFlight.splice(0)) request();
  const first = settle(walking, workers, saw);
  resume(walking);
  const second = settle(walking, workers, saw);
  return { world: walking.world, steps, settledAfter: first === null || second === null ? null : first + second };
};

const wake = (walking: Walking, workers: Worker[], id: DeploymentId | undefined, saw: (step: Step) => void): void => {
  if (id !== undefined) workers.push({ script: work(walking, id, saw), request: null });
};

/** One turn: a worker goes on, or begins, or dies, or somebody else does something. */
const interfere = (walking: Walking, workers: Worker[], saw: (step: Step) => void): void => {
  const { world, chance } = walking;
  const dice = chance.pick(100);
  const index = chance.pick(workers.length || 1);
  const worker = workers[index];
  if (dice < 4) act(walking);
  else if (dice < 6) pass(walking);
  else if (dice < 7) world.inFlight.shift()?.();
  else if (dice < 20 && workers.length < WORKERS_MAX) wake(walking, workers, anyOf(world, chance), saw);
  else if (worker !== undefined && dice > 97) die(walking, worker, index, workers);
  else if (worker !== undefined) proceed(worker, index, workers);
};

const anyOf = ({ deployments }: World, chance: Chance): DeploymentId | undefined =>
  [...deployments.keys()][chance.pick(deployments.size || 1)];

/** What it was about to ask for may arrive all the same, any time later. */
const die = ({ world, chance }: Walking, { request }: Worker, index: number, workers: Worker[]): void => {
  if (request !== null && chance.odds(500)) world.inFlight.push(request);
  workers.splice(index, 1);
};

const proceed = (worker: Worker, index: number, workers: Worker[]): void => {
  const { done, value } = worker.script.next();
  if (done) workers.splice(index, 1);
  else worker.request = value ?? null;
};

/** No more faults: whoever works goes on, whatever is open is looked at, and time passes when all of it waits. */
const settle = (walking: Walking, workers: Worker[], saw: (step: Step) => void): number | null => {
  const { world } = walking;
  let turns = 0;
  let quiet = 0;
  while (quiet < 2) {
    const before = eventsOf(world);
    for (const id of world.deployments.keys()) wake(walking, workers, id, saw);
    while (workers.length > 0) {
      const index = turns++ % workers.length;
      const worker = workers[index];
      if (worker !== undefined) proceed(worker, index, workers);
      if (turns > SETTLE_MAX) return null;
    }
    world.now = Instant.parse(world.now + 60_000);
    quiet = eventsOf(world) === before ? quiet + 1 : 0;
  }
  return turns;
};

const eventsOf = (world: World): number =>
  [...world.deployments.keys()].reduce(
    (sum, id) => sum + deploymentOf(world, id).events.length,
    world.environment.events.length,
  );
