/** The rounds of a sweeper: whom it wakes, whom it takes for done, how often it does what, and that nothing stops it. */
import {
  DeploymentId,
  type DeploymentRequest,
  EnvironmentId,
  Instant,
  initialDeployment,
  initialEnvironment,
  type WakeUp,
} from '@recourse/core';
import { Fault } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { cancellation } from '../src/cancellation.ts';
import type { Journal } from '../src/journal.ts';
import type { Ports } from '../src/ports.ts';
import type { Overview } from '../src/projection/overview.ts';
import { createSweeper } from '../src/sweep/sweeper.ts';
import { transient } from './support/world.ts';

const shop = EnvironmentId.parse('shop');
const blog = EnvironmentId.parse('blog');
const id = (name: string) => DeploymentId.parse(name);
const away = new Fault({ kind: 'transient', code: 'store/unavailable', message: 'The store is away.' });

type Hands = Readonly<{
  quiet?: readonly DeploymentId[];
  deployment?: (of: DeploymentId) => Promise<unknown>;
  follow?: () => Promise<void>;
}>;

/** Some rounds of it; everything that it did, in order. */
const swept = async (rounds: number, { quiet = [], deployment, follow }: Hands = {}) => {
  const did: unknown[] = [];
  const { signal, cancel } = cancellation();
  const ports = {
    clock: {
      now: () => Instant.parse(10_000),
      sleep: async (ms: number) => {
        did.push(['sleep', ms]);
        if (did.filter((what) => Array.isArray(what) && what[0] === 'sleep').length === rounds) cancel();
      },
    },
    queue: { enqueue: ({ deploymentId }: WakeUp) => TE.fromIO(() => void did.push(['wake', deploymentId])) },
    router: {
      where: (environment: EnvironmentId) => {
        did.push(['where', environment]);
        return transient('router/unreachable');
      },
    },
    runtime: {
      list: () => {
        did.push('list');
        return TE.right([]);
      },
    },
  } as unknown as Ports;
  const live = { deployment: id('d-1'), since: Instant.parse(1) };
  const overview: Overview = {
    follow: async () => {
      did.push('follow');
      await follow?.();
    },
    rebuild: async () => undefined,
    environments: () => [
      { environment: shop, live, open: [] },
      { environment: blog, live: null, open: [] },
    ],
    quiet: (ms) => {
      did.push(['quiet', ms]);
      return quiet;
    },
    close: (of) => void did.push(['close', of]),
  };
  const journal = {
    deployment: deployment ?? (async () => ({ state: initialDeployment, version: -1 })),
    environment: async () => ({ state: initialEnvironment, version: -1 }),
  } as unknown as Journal;
  await createSweeper(ports, journal, overview, 1_000).run(signal);
  return did;
};

/** A deployment that was asked for, in the state that the rest says. */
const asked = (of: DeploymentId, over: object = {}) => ({
  state: {
    ...initialDeployment,
    request: { type: 'DeploymentRequested', deployment: of, environment: shop } as DeploymentRequest,
    ...over,
  },
  version: 1,
});

describe('a sweeper', () => {
  test('looks for forgotten deployments and for the routes of what is live, then rests', async () => {
    expect(await swept(1)).toEqual(['follow', ['quiet', 2_000], ['where', shop], 'list', ['sleep', 1_000]]);
  });

  test('looks for orphans in every sixth round, and not once more when it is told to end', async () => {
    const did = await swept(8);
    expect(did.filter((what) => what === 'follow')).toHaveLength(8);
    const rounds = did.join(' ').split(' sleep,1000').slice(0, -1);
    expect(rounds.map((round) => round.includes('list'))).toEqual([
      ...[true, false, false, false, false, false],
      ...[true, false],
    ]);
  });

  test('that is told to end before it begins does nothing', async () => {
    const { signal, cancel } = cancellation();
    cancel();
    await createSweeper({} as Ports, {} as Journal, {} as Overview, 1_000).run(signal);
  });
});

describe('a deployment that nobody was heard of', () => {
  const quiet = [id('d-1')];

  test('and that has still something to do is woken', async () => {
    const did = await swept(1, { quiet, deployment: async (of) => asked(of) });
    expect(did).toContainEqual(['wake', 'd-1']);
    expect(did).not.toContainEqual(['close', 'd-1']);
  });

  test('and that is done is not looked at again', async () => {
    const did = await swept(1, { quiet, deployment: async (of) => asked(of, { ending: 'cancelled' }) });
    expect(did).toContainEqual(['close', 'd-1']);
    expect(did).not.toContainEqual(['wake', 'd-1']);
  });

  test('and of which only the environment knows, so far, is looked at in the next round', async () => {
    const did = await swept(1, { quiet });
    expect(did).not.toContainEqual(['close', 'd-1']);
    expect(did).not.toContainEqual(['wake', 'd-1']);
  });
});

describe('many deployments', () => {
  const quiet = Array.from({ length: 40 }, (_, nth) => id(`d-${nth}`));

  test('are looked at sixteen at a time, until all were looked at', async () => {
    let looking = 0;
    let most = 0;
    const did = await swept(1, {
      quiet,
      deployment: async (of) => {
        most = Math.max(most, ++looking);
        await new Promise((resolve) => setTimeout(resolve, 1));
        looking--;
        return asked(of);
      },
    });
    expect(most).toBe(16);
    expect(did.flatMap((what) => (Array.isArray(what) && what[0] === 'wake' ? [what[1]] : []))).toEqual(quiet);
  });

  test('are all looked at, also where one of them cannot be', async () => {
    const did = await swept(1, {
      quiet: quiet.slice(0, 3),
      deployment: async (of) => {
        if (of === quiet[0]) throw away;
        return asked(of);
      },
    });
    expect(did.flatMap((what) => (Array.isArray(what) && what[0] === 'wake' ? [what[1]] : []))).toEqual(
      quiet.slice(1, 3),
    );
  });
});

test('a store that is away costs a sweeper the round, and nothing else', async () => {
  const did = await swept(2, {
    follow: async () => {
      throw away;
    },
  });
  expect(did).toEqual([
    ...['follow', ['where', shop], 'list', ['sleep', 1_000]],
    ...['follow', ['where', shop], ['sleep', 1_000]],
  ]);
});
