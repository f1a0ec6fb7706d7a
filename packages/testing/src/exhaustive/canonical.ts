/**
 * Equal parts of worlds are one object with one number, so that a world is a short row of numbers. What makes no
 * difference to what can happen next is levelled here; each time it is said why.
 */
import { type Deployment, type Environment, initialDeployment, type Route, type Step } from '@recourse/core';
import { at, type Images, type Running, type Worker, type World } from './world.ts';

/** Every value by a number: equal values have the same one. */
export type Numbered<Value> = Readonly<{
  numberOf(value: Value): number;
  valueOf(number: number): Value;
  count(): number;
}>;

/** Equal plain values have equal numbers. A part that was met before costs nothing. */
const createIdentities = () => {
  const byText = new Map<string, number>();
  const byObject = new WeakMap<object, number>();
  const textOf = (value: unknown): string => {
    if (typeof value === 'string') return `'${value}`;
    return typeof value === 'object' && value !== null ? `#${identityOf(value)}` : String(value);
  };
  const identityOf = (value: object): number => {
    const before = byObject.get(value);
    if (before !== undefined) return before;
    let text = Array.isArray(value) ? '[' : '{';
    for (const [name, part] of Object.entries(value)) text += `${name}:${textOf(part)},`;
    let identity = byText.get(text);
    if (identity === undefined) {
      identity = byText.size;
      byText.set(text, identity);
      // So that a function under test that changes what it was given is told at once.
      Object.freeze(value);
    }
    byObject.set(value, identity);
    return identity;
  };
  return identityOf;
};

type Identities = ReturnType<typeof createIdentities>;

const numbered = <Value extends object | null>(
  identityOf: Identities,
  level: (value: Value) => Value = (value) => value,
): Numbered<Value> => {
  const values: Value[] = [];
  const byIdentity = new Map<number, number>();
  const byObject = new WeakMap<object, number>();
  const enter = (value: Value): number => {
    const levelled = level(value);
    const identity = levelled === null ? -1 : identityOf(levelled);
    const number = byIdentity.get(identity) ?? values.push(levelled) - 1;
    byIdentity.set(identity, number);
    if (value !== null) byObject.set(value, number);
    if (levelled !== null) byObject.set(levelled, number);
    return number;
  };
  return {
    numberOf: (value) => (value === null ? undefined : byObject.get(value)) ?? enter(value),
    valueOf: (number) => at(values, number),
    count: () => values.length,
  };
};

/**
 * A run says how many workers began an attempt before. From the second on, they differ in one thing only: that after
 * RUNS_MAX the step counts as failed, which the search lets happen to any of them.
 */
export const RUNS_TOLD_APART = 2;

const levelDeployment = (state: Deployment): Deployment => {
  // How often each step failed, and not which one did first.
  const failures = Object.fromEntries(Object.entries(state.failures).sort(([a], [b]) => (a < b ? -1 : 1)));
  return levelRun(isOver(state) ? levelOver(state) : { ...state, failures });
};

const levelRun = (state: Deployment): Deployment =>
  state.underWay !== null && state.underWay.run > RUNS_TOLD_APART
    ? { ...state, underWay: { ...state.underWay, run: RUNS_TOLD_APART } }
    : state;

const isOver = ({ ending, promoted }: Deployment): boolean => ending !== null || promoted;

/** Once it is over nothing is begun but cleaning up: how often the rest failed, and what it found, is only history. */
const levelOver = (state: Deployment): Deployment => {
  const { failures, promoted } = state;
  const tidying = {
    'stop-instance': failures['stop-instance'] ?? 0,
    'retire-previous': failures['retire-previous'] ?? 0,
  };
  const levelled = { ...state, failures: tidying, finding: null };
  if (promoted) return levelled;
  const { durations } = initialDeployment;
  return { ...levelled, durations, acquisition: null, image: null, started: null, healthy: false };
};

/** Of the numbers of requests, only their sequence is compared. */
const levelEnvironment = (state: Environment): Environment => {
  const { live, slot, waiting, retiring, released } = state;
  const orders = [...waiting, ...(slot ? [slot] : []), ...(live ? [live] : [])]
    .map(({ order }) => order)
    .sort(ascending);
  const ranked = <Placed extends { order: number }>(placed: Placed): Placed => ({
    ...placed,
    order: orders.indexOf(placed.order) + 1,
  });
  return {
    ...state,
    requests: orders.length,
    waiting: waiting.map(ranked),
    slot: slot && ranked(slot),
    live: live && ranked(live),
    retiring: retiring.map(({ by, previous }) => ({ by, previous: { ...previous, order: 1 } })),
    released: released.toSorted(),
  };
};

const ascending = (a: number, b: number): number => a - b;

/** Once its intent is written, nothing asks which run it was. */
const levelWorker = (worker: Worker): Worker =>
  worker.at === 'begun' && worker.effect.run > 1 ? { ...worker, effect: { ...worker.effect, run: 1 } } : worker;

export type Tables = Readonly<{
  environments: Numbered<Environment>;
  deployments: Numbered<Deployment>;
  routes: Numbered<Route | null>;
  images: Numbered<Images>;
  running: Numbered<readonly Running[]>;
  workers: Numbered<Worker>;
  commands: Numbered<object>;
  steps: Numbered<Step>;
}>;

const byKey = (list: readonly Running[]): readonly Running[] => list.toSorted((a, b) => (a.key < b.key ? -1 : 1));
const byDigest = (list: Images): Images => list.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));

/** Which differences between two states are passed over. */
export type Levels = Readonly<{
  deployment: (state: Deployment) => Deployment;
  environment: (state: Environment) => Environment;
}>;

export const levels: Levels = { deployment: levelDeployment, environment: levelEnvironment };

/** Only the one that would grow for ever: to show that passing over the rest hides nothing. */
export const onlyRuns: Levels = { deployment: levelRun, environment: (state) => state };

export const createTables = ({ deployment, environment }: Levels = levels): Tables => {
  const identityOf = createIdentities();
  return {
    environments: numbered(identityOf, environment),
    deployments: numbered(identityOf, deployment),
    routes: numbered<Route | null>(identityOf),
    images: numbered(identityOf, byDigest),
    running: numbered(identityOf, byKey),
    workers: numbered(identityOf, levelWorker),
    commands: numbered<object>(identityOf),
    steps: numbered<Step>(identityOf),
  };
};

export type Layout = Readonly<{ environments: number; deployments: number; workers: number; width: number }>;

export const layoutOf = (world: World): Layout => {
  const [environments, deployments, workers] = [
    world.environments.length,
    world.deployments.length,
    world.workers.length,
  ];
  return { environments, deployments, workers, width: 2 * environments + deployments + workers + 3 };
};

/** A world as a row of numbers. Workers have no names, so their sequence says nothing: it is sorted. */
export const rowOf = (world: World, tables: Tables): number[] => [
  ...world.environments.map(tables.environments.numberOf),
  ...world.deployments.map(tables.deployments.numberOf),
  ...world.routes.map(tables.routes.numberOf),
  tables.images.numberOf(world.images),
  tables.running.numberOf(world.running),
  ...world.workers.map(tables.workers.numberOf).sort((a, b) => a - b),
  world.faultsLeft,
];

export const worldOf = (
  row: ArrayLike<number>,
  { environments, deployments, workers }: Layout,
  tables: Tables,
): World => {
  let from = 0;
  const take = <Value>(count: number, table: Numbered<Value>): Value[] =>
    Array.from({ length: count }, () => table.valueOf(row[from++] ?? 0));
  return {
    environments: take(environments, tables.environments),
    deployments: take(deployments, tables.deployments),
    routes: take(environments, tables.routes),
    images: tables.images.valueOf(row[from++] ?? 0),
    running: tables.running.valueOf(row[from++] ?? 0),
    workers: take(workers, tables.workers),
    faultsLeft: row[from] ?? 0,
  };
};
