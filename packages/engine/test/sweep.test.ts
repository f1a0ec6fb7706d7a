/** What the sweeper puts right, and what it leaves alone: each fact by itself. */
import {
  DeploymentId,
  type Environment,
  EnvironmentId,
  Fence,
  InstanceId,
  initialEnvironment,
  StepKey,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import type { Journal } from '../src/journal.ts';
import type { Ports } from '../src/ports.ts';
import { reap } from '../src/sweep/reap.ts';
import { reconcileRoutes } from '../src/sweep/reconcile-routes.ts';
import { transient } from './support/world.ts';

const shop = EnvironmentId.parse('shop');
const blog = EnvironmentId.parse('blog');
const d1 = DeploymentId.parse('d-1');
const d2 = DeploymentId.parse('d-2');
const key = StepKey.parse('d-1-start-1');
const fence = (number: number) => Fence.parse(number);
const upstream = (id: string) => ({ id: InstanceId.parse(id), address: { host: '127.0.0.1', port: 4000 } });
const liveAs = (deployment: DeploymentId, number: number): Environment =>
  ({
    ...initialEnvironment,
    live: {
      release: { deployment, fence: fence(number) },
      instance: upstream('i-live'),
      routeFence: fence(number + 1),
    },
  }) as Environment;

describe('a route', () => {
  /** Where the router was pointed, if this is where it pointed. */
  const pointed = async (route: object | null, environment: Environment = liveAs(d1, 6)) => {
    const points: unknown[] = [];
    const router = {
      where: (name: EnvironmentId) => (name === blog ? transient('router/unreachable') : TE.right(route)),
      point: (name: EnvironmentId, to: object) => async () => void points.push([name, to]),
    };
    const journal = { environment: async () => ({ state: environment, version: 1 }) };
    await reconcileRoutes({ router } as unknown as Ports, journal as unknown as Journal, [blog, shop]);
    return points;
  };
  const right = [[shop, { upstream: upstream('i-live'), fence: 7 }]];

  test('that is lost is put right, also after a router that could not be asked', async () => {
    expect(await pointed(null)).toEqual(right);
  });

  test.each([
    ['to something older', { upstream: upstream('i-live'), fence: 6 }],
    ['elsewhere', { upstream: upstream('i-other'), fence: 7 }],
    ['nowhere', { upstream: null, fence: 7 }],
  ])('%s is put right', async (_, route) => {
    expect(await pointed(route)).toEqual(right);
  });

  test.each([
    ['to what is live', { upstream: upstream('i-live'), fence: 7 }],
    ['to what is being promoted', { upstream: upstream('i-other'), fence: 8 }],
  ])('%s is left alone', async (_, route) => {
    expect(await pointed(route)).toEqual([]);
  });

  test('where nothing is live is left alone', async () => {
    expect(await pointed(null, initialEnvironment)).toEqual([]);
  });
});

describe('an instance', () => {
  const mine = { deployment: d1, environment: shop, key };
  const promoted = {
    request: { deployment: d1, environment: shop },
    fence: 5,
    ending: null,
    retiredBy: null,
    promoted: true,
    started: { key },
  };

  /** What was stopped, and what was written, with this deployment in this environment. */
  const reaped = async (
    state: object,
    environment = initialEnvironment,
    answer: E.Either<object, null> = E.right(null),
  ) => {
    const stopped: unknown[] = [];
    const written: unknown[] = [];
    const runtime = {
      list: () => TE.right([mine]),
      stop: (name: string, options: object) => async () => void stopped.push([name, options]),
    };
    const journal = {
      deployment: async () => ({ state, version: 1 }),
      environment: async () => ({ state: environment, version: 1 }),
      decideDeployment: async (...written_: unknown[]) => {
        written.push(written_);
        return answer;
      },
    };
    await reap({ runtime } as unknown as Ports, journal as unknown as Journal);
    return { stopped, written };
  };
  const gone = { stopped: [[key, { graceMs: 10_000 }]], written: [] };
  const left = { stopped: [], written: [] };

  test.each([
    ['of a deployment that ended', { ...promoted, promoted: false, ending: 'cancelled' }],
    ['of a deployment that was replaced', { ...promoted, retiredBy: d2 }],
    ['of an earlier start of what is live', { ...promoted, started: { key: 'd-1-start-2' } }],
    ['of a deployment that is live without one', { ...promoted, started: null }],
  ])('%s is stopped', async (_, state) => {
    expect(await reaped(state)).toEqual(gone);
  });

  test.each([
    ['of a deployment that nobody here knows', { ...promoted, request: null, ending: 'failed' }],
    ['of another platform with the same names', { ...promoted, request: { environment: blog }, ending: 'failed' }],
    ['of a deployment on its way', { ...promoted, promoted: false }],
    ['of what is live, as far as this store says', promoted],
  ])('%s is left alone', async (_, state) => {
    expect(await reaped(state)).toEqual(left);
  });

  test('of a deployment that never was admitted is left alone, whatever is live', async () => {
    expect(await reaped({ ...promoted, fence: null }, liveAs(d2, 6))).toEqual(left);
  });

  test('of what was live before, and whose retirement was given up, is retired', async () => {
    const cause = { actor: 'recourse', correlationId: d1, causationId: d2 };
    expect(await reaped(promoted, liveAs(d2, 6))).toEqual({
      stopped: gone.stopped,
      written: [[d1, { type: 'Retire', by: d2, key }, cause]],
    });
  });

  test('that could not be retired is left for the next sweep', async () => {
    expect((await reaped(promoted, liveAs(d2, 6), E.left({ code: 'NotRequested' }))).stopped).toEqual([]);
  });

  test.each<[string, Environment]>([
    ['is live under that very fence', liveAs(d2, 5)],
    ['was live under a lower one, in a store that lags', liveAs(d2, 4)],
    [
      'is live, while this one drains',
      { ...liveAs(d2, 6), retiring: [{ by: d2, previous: { release: { deployment: d1 } } }] } as unknown as Environment,
    ],
  ])('is left alone when another one %s', async (_, environment) => {
    expect(await reaped(promoted, environment)).toEqual(left);
  });

  test('is stopped, also while another one drains', async () => {
    const retiring = [{ by: d2, previous: { release: { deployment: d2 } } }];
    expect((await reaped(promoted, { ...liveAs(d2, 6), retiring } as unknown as Environment)).stopped).toHaveLength(1);
  });
});
