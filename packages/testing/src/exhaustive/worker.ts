/**
 * What a worker may do next. All that it knows may be old; it may die at any moment, and others may come between any
 * two moves.
 */
import { type Bookkeeping, type DeploymentCommand, type Effect, isAutomatic, kindOf, RUNS_MAX } from '@recourse/core';
import { RUNS_TOLD_APART } from './canonical.ts';
import { activates, beginOf, drains, goOn, perform, rested, retires, stops, switches, type Turn } from './effects.ts';
import { type Exploring, environmentIndexOf, type Move, moved, tellDeployment, tellEnvironment } from './move.ts';
import { owedBy } from './slow-readers.ts';
import { at, idOf, type Owed, type Worker, type World } from './world.ts';

/** After all that is under way. */
const LATER = 100;
/** Of use only when nobody else has anything to do. */
const LAST = 200;

export const workerMoves = (exploring: Exploring, world: World): Move[] =>
  world.workers.flatMap((worker, place) => {
    // Those at rest are all alike.
    if (worker.at === 'rest') return world.workers.indexOf(worker) === place ? wakes(exploring, world, place) : [];
    const turn = { exploring, world, place, who: worker.who };
    return [...proceeds(turn, worker), moved(`a worker at ${idOf(worker.who)} dies`, rested(world, place), { place })];
  });

/** A wake-up may come for any deployment at any time. */
const wakes = (exploring: Exploring, world: World, place: number): Move[] =>
  world.deployments.flatMap((known, who) => {
    const step = owedBy(exploring, world, who, known);
    if (step === null) return [];
    const turn = { exploring, world, place, who };
    const [first, ...others] = acts(turn, step);
    if (first === undefined) return [];
    const peace = step.type === 'Preempt' ? LAST : LATER + who;
    const broken = [...first.broken, ...('effect' in step ? refusedThough(turn, step) : [])];
    return [{ ...first, peace, broken }, ...others];
  });

const proceeds = (turn: Turn, worker: Exclude<Worker, { at: 'rest' }>): Move[] => {
  const { exploring, world, place, who } = turn;
  switch (worker.at) {
    case 'reading': {
      const step = owedBy(exploring, world, who, worker.known);
      if (step !== null) return acts(turn, step);
      return [moved(`a worker finds nothing owed by ${idOf(who)}`, rested(world, place), { peace: place, place })];
    }
    case 'owing':
      return acts(turn, worker.step);
    case 'begun':
      return perform(turn, worker.effect);
    case 'looked':
      return switches(turn, worker.effect);
    case 'switched':
      return activates(turn, worker.effect);
    case 'confirming':
      return drains(turn, worker);
    case 'drained':
      return stops(turn, worker.effect);
    case 'stopped':
      return retires(turn, worker.effect);
    case 'telling': {
      const told = tellDeployment(exploring, world, who, worker.command);
      const what = `${worker.command.type} of ${idOf(who)}${refusal(told.refused)}`;
      return [moved(what, rested(told.world, place), { ...told, peace: place, place })];
    }
  }
};

const acts = (turn: Turn, step: Owed): Move[] => ('effect' in step ? begins(turn, step) : keepsBooks(turn, step));

const refusal = (code: string | null): string => (code === null ? '' : ` is refused: ${code}`);

/** What is owed by the facts of this moment may be begun in this moment. */
const refusedThough = (turn: Turn, effect: Effect): readonly string[] => {
  const { refused } = tellDeployment(
    turn.exploring,
    turn.world,
    turn.who,
    beginOf(turn.exploring.policy, effect, effect.run),
  );
  return refused === null ? [] : [`${effect.effect} is owed and refused: ${refused}`];
};

const begins = (turn: Turn, effect: Effect): Move[] => {
  const { exploring, world, place, who } = turn;
  const begun = (run: number, from: World, what: string, peace: number | null): Move => {
    const told = tellDeployment(exploring, from, who, beginOf(exploring.policy, effect, run));
    const { underWay } = at(told.world.deployments, who);
    const isOurs = told.refused === null && underWay?.step === effect.effect && underWay.key === effect.key;
    const worker: Worker = { at: 'begun', who, effect };
    const after = isOurs ? goOn(told.world, place, worker) : rested(told.world, place);
    return moved(`${what}${refusal(told.refused)}`, after, { ...told, peace, place });
  };
  const name = `${effect.effect} of ${idOf(who)}`;
  const moves = [begun(effect.run, world, `intent of ${name}`, place)];
  // The run is one of many by now: it may be the last that is allowed.
  if (effect.run > RUNS_TOLD_APART && world.faultsLeft > 0) {
    const poorer = { ...world, faultsLeft: world.faultsLeft - 1 };
    moves.push(begun(RUNS_MAX + 1, poorer, `${name} kills ${RUNS_MAX} workers`, null));
  }
  return moves;
};

const keepsBooks = (turn: Turn, step: Bookkeeping): Move[] => {
  const { exploring, world, place, who } = turn;
  const index = environmentIndexOf(exploring, who);
  const id = idOf(who);
  switch (step.type) {
    case 'Admit':
      return admits(turn, index);
    case 'Preempt': {
      const holder = world.deployments.findIndex(({ request }) => request?.deployment === step.holder);
      const told = tellDeployment(exploring, world, holder, { type: 'Cancel', actor: 'recourse', reason: null });
      const what = `${id} asks ${step.holder} to give way${refusal(told.refused)}`;
      return [moved(what, rested(told.world, place), { ...told, peace: place, place })];
    }
    case 'Supersede':
    case 'Activate': {
      const command: DeploymentCommand =
        step.type === 'Supersede'
          ? { type: 'Supersede', by: step.by }
          : { type: 'RecordPromoted', fence: step.fence, previous: step.previous, durationMs: 1 };
      const told = tellDeployment(exploring, world, who, command);
      return [moved(`${command.type} of ${id}`, rested(told.world, place), { ...told, peace: place, place })];
    }
    case 'AbortPromotion':
    case 'ReleaseSlot': {
      const told = tellEnvironment(
        exploring,
        world,
        index,
        step.type === 'AbortPromotion'
          ? { type: 'Abort', deployment: id, fence: step.fence, reason: 'failed' }
          : { type: 'Release', deployment: id },
      );
      const what = `${step.type} of ${id}${refusal(told.refused)}`;
      return [moved(what, rested(told.world, place), { ...told, peace: place, place })];
    }
  }
};

const admits = ({ exploring, world, place, who }: Turn, index: number): Move[] => {
  const { request } = at(world.deployments, who);
  if (request === null) return [];
  const { deployment } = request;
  const command = { type: 'Admit', deployment, kind: kindOf(request), automatic: isAutomatic(request) } as const;
  const told = tellEnvironment(exploring, world, index, command);
  const { slot } = at(told.world.environments, index);
  const worker: Worker | null =
    told.refused === null && slot?.deployment === deployment
      ? { at: 'telling', who, command: { type: 'RecordAdmitted', fence: slot.fence } }
      : null;
  const after = worker === null ? rested(told.world, place) : goOn(told.world, place, worker);
  return [moved(`admission of ${deployment}${refusal(told.refused)}`, after, { ...told, peace: place, place })];
};
