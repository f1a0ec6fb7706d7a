/** What is passed over when worlds are compared changes nothing: the same worlds are reached without it. */
import { type ExploredWorld, explore, type Order, type Space } from '@recourse/testing';
import { expect, test, vi } from 'vitest';
import { type Levels, levels, onlyRuns } from '../../src/exhaustive/canonical.ts';

vi.setConfig({ testTimeout: 120_000 });

const deploy: Order = { environment: 'shop', kind: 'deploy' };
const rollback: Order = { environment: 'shop', kind: 'rollback' };
const push: Order = { environment: 'shop', kind: 'push' };
const bounds = { history: [], faults: 0, attemptsMax: 2, workers: 1, readsApart: false, interferes: true };

const spaces: readonly Space[] = [
  { ...bounds, name: 'a deploy that fails', orders: [deploy], faults: 1 },
  { ...bounds, name: 'a deploy by two workers', orders: [deploy], workers: 2 },
  { ...bounds, name: 'a rollback that fails', history: [deploy, deploy], orders: [rollback], faults: 1 },
  { ...bounds, name: 'two in line', orders: [deploy, push] },
];

/** All that the core and the world hold; of the workers, where they are. */
const levelled = ({ environments, deployments, routes, images, running, workers, faultsLeft }: ExploredWorld): string =>
  JSON.stringify([
    environments.map(levels.environment),
    deployments.map(levels.deployment),
    [routes, images, running, faultsLeft],
    workers.map((worker) => (worker.at === 'rest' ? '' : `${worker.at} ${worker.who}`)).sort(),
  ]);

const reached = (space: Space, by: Levels) => {
  const worlds = new Set<string>();
  const { states, counterexample } = explore(space, {
    levels: by,
    holds: (world) => (worlds.add(levelled(world)) === worlds ? null : 'never'),
  });
  expect(counterexample).toBeNull();
  return { states, worlds };
};

test.each(spaces)('nothing is lost by it: $name', (space) => {
  const [fewer, more] = [reached(space, levels), reached(space, onlyRuns)];
  expect(more.states).toBeGreaterThan(fewer.states);
  expect([...more.worlds].filter((world) => !fewer.worlds.has(world))).toEqual([]);
  expect([...fewer.worlds].filter((world) => !more.worlds.has(world))).toEqual([]);
});
