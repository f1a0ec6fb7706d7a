/** The core, whole, within small bounds; and that a search which finds nothing would have found something. */
import {
  boundsOf,
  type ExploredWorld,
  explore,
  type Order,
  type Space,
  smallSpaces,
  some,
  timelineOf,
} from '@recourse/testing';
import { describe, expect, test, vi } from 'vitest';
import { plantedBugs } from './planted-bugs.ts';

/** A search takes some seconds of one core, and the machine may be busy. */
vi.setConfig({ testTimeout: 120_000 });

const deploy: Order = { environment: 'shop', kind: 'deploy' };

const minimal: Space = {
  name: 'as small as can be',
  history: [],
  orders: [deploy],
  workers: 1,
  faults: 0,
  attemptsMax: 1,
  readsApart: false,
  interferes: true,
};

describe('in every world that can be reached', () => {
  const seen = new Set<string>();

  test.each(smallSpaces)('all holds: $name', (space) => {
    const { counterexample, isComplete, events } = explore(space);
    expect(counterexample && timelineOf(counterexample)).toBeNull();
    expect(isComplete).toBe(true);
    for (const type of events.keys()) seen.add(type);
  });

  test('there was every event, in one of the spaces or another', () => {
    const every = [...Object.keys(some.deploymentEvents), ...Object.keys(some.environmentEvents)];
    expect(every.filter((type) => !seen.has(type))).toEqual([]);
  });
});

describe('a planted bug is found', () => {
  const isSound = new Map<string, boolean>();
  const holdsWithout = (space: Space): boolean => {
    const known = isSound.get(boundsOf(space));
    const sound = known ?? explore(space).counterexample === null;
    isSound.set(boundsOf(space), sound);
    return sound;
  };

  test.each(plantedBugs)('one that $says', ({ core, space, foundAs }) => {
    const bounds = { ...minimal, ...space };
    expect(holdsWithout(bounds)).toBe(true);
    const { counterexample } = explore(bounds, { core });
    expect(counterexample?.broken).toMatch(foundAs);
  });
});

describe('the search', () => {
  test('is the same twice', () => {
    const space = { ...minimal, faults: 1 };
    expect(explore(space)).toEqual(explore(space));
  });

  test('says so if it did not see all of the space', () => {
    expect(explore(minimal, { statesMax: 20 })).toMatchObject({ isComplete: false, counterexample: null });
  });

  test('tells the shortest way to a world that somebody else has a rule about', () => {
    const neverLive = ({ environments }: ExploredWorld) => (environments[0]?.live ? 'something is live' : null);
    const { counterexample } = explore({ ...minimal, interferes: false }, { holds: neverLive });
    expect(counterexample && timelineOf(counterexample)).toMatchInlineSnapshot(`
      "   1  somebody asks for deploy d-1
              d-1: DeploymentRequested
         2  admission of d-1
              shop: SlotRequested
              shop: SlotTaken #1
         3  RecordAdmitted of d-1
              d-1: Admitted #1
              d-1: BuildScheduled
         4  intent of build of d-1
              d-1: StepStarted build
         5  build of d-1 is done
         6  RecordBuilt of d-1
              d-1: Built
         7  intent of start of d-1
              d-1: StepStarted start
         8  start of d-1 is done
         9  RecordStarted of d-1
              d-1: InstanceStarted
        10  intent of check-health of d-1
              d-1: StepStarted check-health
        11  check-health of d-1 is done
        12  RecordHealth of d-1
              d-1: HealthChecked
        13  intent of promote of d-1
              d-1: StepStarted promote
        14  last look of d-1 is done
        15  switch of d-1 is done
        16  activation of d-1
              shop: Activated
         =>  something is live"
    `);
  });
});

/** What one environment goes through, whatever is beside it. */
const shopIn = ({ environments, deployments, routes, running, workers }: ExploredWorld): string =>
  JSON.stringify([
    environments[0],
    deployments[0],
    routes[0],
    running.filter(({ deployment }) => deployment === 'd-1'),
    workers.map((worker) => (worker.at !== 'rest' && worker.who === 0 ? worker : null)),
  ]);

test('an environment goes through nothing beside another that it does not go through alone', () => {
  const seen = (orders: readonly Order[]): ReadonlySet<string> => {
    const shops = new Set<string>();
    const holds = (world: ExploredWorld) => (shops.add(shopIn(world)) === shops ? null : 'never');
    explore({ ...minimal, orders, faults: 1, interferes: false }, { holds });
    return shops;
  };
  const alone = seen([deploy]);
  const beside = seen([deploy, { ...deploy, environment: 'blog' }]);
  expect(alone.size).toBeGreaterThan(100);
  expect([...beside].filter((shop) => !alone.has(shop))).toEqual([]);
});
