/** Single effects on a clock that only moves when somebody sleeps: what is asked of the ports, how long, and what then. */
import {
  DeploymentId,
  type DeploymentRequest,
  type Effect,
  EnvironmentId,
  Fence,
  type HealthAnswer,
  InstanceId,
  Instant,
  type Live,
  type PortError,
  type Release,
  StepKey,
  TreePath,
} from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { cancellation } from '../src/cancellation.ts';
import { type Performing, perform } from '../src/perform/perform.ts';
import { commitOf, digestOf, permanent, transient } from './support/world.ts';

const shop = EnvironmentId.parse('shop');
const d1 = DeploymentId.parse('d-1');
const d2 = DeploymentId.parse('d-2');
const key = StepKey.parse('d-2-start-1');
const image = { name: 'shop:v2', digest: digestOf('v2'), pullable: null };
const instance = { id: InstanceId.parse('i-2'), address: { host: '127.0.0.1', port: 4000 } };
const spec = {
  port: 80,
  health: { path: '/ready', withinMs: 20_000 },
  drainMs: 1_000,
  stopGraceMs: 300,
  memoryBytes: null,
  cpus: null,
  pidsMax: null,
};
const inputs = { preset: 'dockerfile', dockerfile: TreePath.parse('Dockerfile') } as const;
const source = { kind: 'git', repository: 'https://git.example/shop', commit: commitOf('v2'), ref: null } as const;
const config = { variables: {}, secrets: {} };
const release = (deployment: DeploymentId, fence: number) =>
  ({
    deployment,
    origin: deployment,
    fence: Fence.parse(fence),
    source,
    image,
    runnable: true,
    workload: { build: inputs, run: spec },
    config,
  }) as Release;
const request = { type: 'DeploymentRequested', deployment: d2, environment: shop } as DeploymentRequest;
const of = { attempt: 1, run: 1, key };

/** Performs an effect with these ports; what came of it, how long it took, and what was said meanwhile. */
const performed = async (effect: Effect, ports: object, over: Partial<Performing> = {}) => {
  let now = 5_000;
  const said: string[] = [];
  const clock = {
    now: () => Instant.parse(now),
    sleep: async (ms: number) => {
      now += Math.ceil(ms);
    },
  };
  const { signal } = cancellation();
  const progress = (text: string) => void said.push(text);
  const performing = { ports: { clock, ...ports }, journal: {}, request, signal, progress, ...over } as Performing;
  const outcome = await perform(effect, performing)();
  return { outcome, tookMs: now - 5_000, said };
};

describe('a health check', () => {
  const check = {
    type: 'CheckHealth',
    effect: 'check-health',
    ...of,
    instanceKey: key,
    address: instance.address,
    spec,
  } as const;
  const running = {
    inspect: () => TE.right({ state: 'running', instance }),
    logs: (_key: unknown, { lines }: { lines: number }) => TE.right(Array(lines).fill('out of memory')),
  };
  const answers = (...reports: readonly boolean[]) => {
    const asked: { path: string; timeoutMs: number }[] = [];
    const probe = (_address: unknown, path: string, { timeoutMs }: { timeoutMs: number }) => {
      asked.push({ path, timeoutMs });
      const healthy = reports[asked.length - 1] ?? reports.at(-1) ?? false;
      return TE.right({ healthy, detail: healthy ? '200' : '503' } as HealthAnswer);
    };
    return { asked, health: { check: probe } };
  };

  test('ends with the first healthy answer, and says nothing', async () => {
    const { health, asked } = answers(false, false, true);
    const { outcome, tookMs, said } = await performed(check, { health, runtime: running });
    expect(outcome).toMatchObject({ right: { type: 'RecordHealth', healthy: true, attempts: 3, detail: '200' } });
    expect(tookMs).toBe(10);
    expect(asked[0]).toEqual({ path: '/ready', timeoutMs: 5_000 });
    expect(said).toEqual([]);
  });

  test('asks nobody any more in the moment in which its time is up', async () => {
    const { health, asked } = answers(false);
    const quick = { ...check, spec: { ...spec, health: { ...spec.health, withinMs: 10 } } };
    const { tookMs } = await performed(quick, { health, runtime: running });
    expect([tookMs, asked.length]).toEqual([10, 3]);
  });

  test('ends when its time is up, with the last words of the app', async () => {
    const { health, asked } = answers(false);
    const { outcome, tookMs, said } = await performed(check, { health, runtime: running });
    expect(outcome).toMatchObject({
      right: { healthy: false, attempts: asked.length, detail: '503', durationMs: tookMs },
    });
    expect(tookMs).toBeGreaterThanOrEqual(20_000);
    expect(tookMs).toBeLessThan(20_500);
    // Every 5 ms at first, every 500 ms in the end, and nobody is given longer than there is.
    expect(asked.length).toBeGreaterThan(80);
    expect(asked.length).toBeLessThan(250);
    expect(asked.at(-1)?.timeoutMs).toBeLessThan(500);
    expect(Math.min(...asked.map(({ timeoutMs }) => timeoutMs))).toBeGreaterThanOrEqual(1);
    expect(said).toEqual(Array(20).fill('out of memory'));
  });

  test.each([
    ['the instance is gone', { state: 'gone' }],
    ['the instance ended', { state: 'exited', exitCode: null }],
    ['the instance ended with exit code 0', { state: 'exited', exitCode: 0 }],
    ['the instance ended with exit code 137', { state: 'exited', exitCode: 137 }],
  ])('ends at once when %s', async (detail, state) => {
    const { health } = answers(false);
    const runtime = { ...running, inspect: () => TE.right(state) };
    const { outcome, tookMs } = await performed(check, { health, runtime });
    expect(outcome).toMatchObject({ right: { healthy: false, attempts: 1, detail } });
    expect(tookMs).toBe(0);
  });

  test('could not be made if the probe or the engine cannot be asked', async () => {
    const away = () => transient('runtime/unavailable');
    expect((await performed(check, { health: { check: away }, runtime: running })).outcome).toMatchObject({
      left: { code: 'runtime/unavailable' },
    });
    const runtime = { ...running, inspect: away };
    expect((await performed(check, { health: answers(false).health, runtime })).outcome).toMatchObject({
      left: { code: 'runtime/unavailable' },
    });
  });

  test('without last words ends all the same', async () => {
    const runtime = {
      ...running,
      inspect: () => TE.right({ state: 'gone' }),
      logs: () => transient('runtime/unavailable'),
    };
    const { outcome, said } = await performed(check, { health: answers(false).health, runtime });
    expect(outcome).toMatchObject({ right: { healthy: false } });
    expect(said).toEqual([]);
  });

  test('is not made to the end when it was cancelled', async () => {
    const { signal, cancel } = cancellation();
    cancel();
    const { outcome } = await performed(check, { health: answers(false).health, runtime: running }, { signal });
    expect(outcome).toMatchObject({
      left: { kind: 'transient', code: 'engine/cancelled', message: 'The health check was cancelled.' },
    });
  });
});

describe('a retirement', () => {
  const previous = { release: release(d1, 1), key: StepKey.parse('d-1-start-1'), instance, order: 1 } as Live;
  const retire = { type: 'RetirePrevious', effect: 'retire-previous', ...of, previous } as const;
  const live = {
    release: release(d2, 2),
    instance: { ...instance, id: InstanceId.parse('i-3') },
    routeFence: Fence.parse(2),
  };

  /** Everything that it does, in order. */
  const retired = async (
    over: {
      open?: readonly number[];
      openAnswer?: ReturnType<typeof transient>;
      point?: TE.TaskEither<PortError, void> | ReturnType<typeof transient>;
      nothingLive?: boolean;
      signal?: Performing['signal'];
    } = {},
  ) => {
    const did: unknown[] = [];
    const open = [...(over.open ?? [0])];
    const router = {
      point: (environment: string, { upstream, fence }: { upstream: { id: string }; fence: number }) => {
        did.push(['point', environment, upstream.id, fence]);
        return over.point ?? TE.right(undefined);
      },
      openRequests: () => over.openAnswer ?? TE.right(open.length > 1 ? open.shift() : open[0]),
    };
    const runtime = {
      stop: (stopped: string, { graceMs }: { graceMs: number }) => {
        did.push(['stop', stopped, graceMs]);
        return TE.right(undefined);
      },
    };
    const journal = {
      environment: async () => ({ state: { live: over.nothingLive === true ? null : live }, version: 1 }),
      decideDeployment: async (id: string, command: object, cause: object) => void did.push([id, command, cause]),
    };
    const journaled = { journal: journal as unknown as Performing['journal'] };
    const told = await performed(
      retire,
      { router, runtime },
      over.signal ? { ...journaled, signal: over.signal } : journaled,
    );
    return { ...told, did };
  };
  const cause = { actor: 'recourse', correlationId: 'd-2', causationId: 'i-2' };
  const stopAndTell = [
    ['stop', 'd-1-start-1', 300],
    ['d-1', { type: 'Retire', by: 'd-2', key: 'd-1-start-1' }, cause],
  ];

  test('asserts the traffic, stops the instance when nothing is open, and tells its stream', async () => {
    const { outcome, did, tookMs } = await retired();
    expect(outcome).toEqual({ _tag: 'Right', right: null });
    expect(did).toEqual([['point', 'shop', 'i-3', 2], ...stopAndTell]);
    expect(tookMs).toBe(0);
  });

  test('waits for the requests that are open, until there are none', async () => {
    expect((await retired({ open: [2, 1, 0] })).tookMs).toBe(100);
  });

  test('waits no longer than a drain may take', async () => {
    const { tookMs, did } = await retired({ open: [1] });
    expect(tookMs).toBe(1_000);
    expect(did.slice(1)).toEqual(stopAndTell);
  });

  test('goes on when something newer is being promoted', async () => {
    expect((await retired({ point: permanent('router/stale-fence') })).did.slice(1)).toEqual(stopAndTell);
  });

  test('stops nothing if the router cannot be asked', async () => {
    const { outcome, did } = await retired({ point: transient('router/unreachable') });
    expect(outcome).toMatchObject({ left: { code: 'router/unreachable' } });
    expect(did).toHaveLength(1);
  });

  test('stops nothing if nobody can say how many requests are open', async () => {
    const { outcome, did } = await retired({ openAnswer: transient('router/unreachable') });
    expect(outcome).toMatchObject({ left: { code: 'router/unreachable' } });
    expect(did).toHaveLength(1);
  });

  test('has no traffic to assert where nothing is live', async () => {
    expect((await retired({ nothingLive: true })).did).toEqual(stopAndTell);
  });

  test('that is cancelled while it drains stops nothing', async () => {
    const { signal, cancel } = cancellation();
    cancel();
    const { outcome, did } = await retired({ open: [1], signal });
    expect(outcome).toMatchObject({
      left: { kind: 'transient', code: 'engine/cancelled', message: 'The drain was cancelled.' },
    });
    expect(did).toHaveLength(1);
  });
});

describe('traffic', () => {
  const promoting = {
    type: 'Promote',
    effect: 'promote',
    ...of,
    release: release(d2, 7),
    instanceKey: key,
    instance,
    spec,
  } as const;
  const restore = {
    type: 'RestoreTraffic',
    effect: 'restore-traffic',
    ...of,
    upstream: instance,
    fence: Fence.parse(8),
  } as const;
  const pointing = (answer: ReturnType<typeof transient> | TE.TaskEither<PortError, void>) => ({
    router: { point: () => answer },
  });

  test('is back when the router says so, or when somebody newer took care of it', async () => {
    const restored = { right: { type: 'RecordRestored', attempt: 1, key } };
    expect((await performed(restore, pointing(TE.right(undefined)))).outcome).toMatchObject(restored);
    expect((await performed(restore, pointing(permanent('router/stale-fence')))).outcome).toMatchObject(restored);
    expect((await performed(restore, pointing(transient('router/unreachable')))).outcome).toMatchObject({
      left: { code: 'router/unreachable' },
    });
  });

  test.each([
    [[], null],
    [[{ by: d1, previous: { release: { deployment: d1 } } }], null],
    [[{ by: d2, previous: { release: { deployment: d1 } } }], d1],
  ])('is given to what is healthy, and the environment says so (%#)', async (retiring, previous) => {
    const asked: unknown[] = [];
    const journal = {
      decideEnvironment: async (...decision: unknown[]) => {
        asked.push(decision);
        return { _tag: 'Right', right: { state: { retiring }, version: 1 } };
      },
    } as unknown as Performing['journal'];
    const ports = {
      ...pointing(TE.right(undefined)),
      health: { check: () => TE.right({ healthy: true, detail: '200' }) },
    };
    const { outcome } = await performed(promoting, ports, { journal });
    expect(outcome).toEqual({ _tag: 'Right', right: { type: 'RecordPromoted', fence: 7, previous, durationMs: 0 } });
    const activate = { type: 'Activate', release: promoting.release, key, instance, kind: 'deploy' };
    expect(asked).toEqual([[shop, activate, { actor: 'recourse', correlationId: d2, causationId: key }]]);
  });

  test('is not said to be given if the environment says that the slot is somebody else’s', async () => {
    const left = { code: 'StaleFence', held: null, shown: 7 };
    const journal = { decideEnvironment: async () => ({ _tag: 'Left', left }) } as unknown as Performing['journal'];
    const ports = {
      ...pointing(TE.right(undefined)),
      health: { check: () => TE.right({ healthy: true, detail: '200' }) },
    };
    expect((await performed(promoting, ports, { journal })).outcome).toMatchObject({
      left: { kind: 'permanent', code: 'engine/stale-fence', message: expect.stringContaining('Fence 7') },
    });
  });

  test('is not given to what is no longer healthy', async () => {
    const asked: unknown[] = [];
    const health = {
      check: (_address: unknown, path: string, { timeoutMs }: { timeoutMs: number }) => {
        asked.push([path, timeoutMs]);
        return TE.right({ healthy: false, detail: '503' });
      },
    };
    const { outcome } = await performed(promoting, { health });
    expect(asked).toEqual([['/ready', 5_000]]);
    expect(outcome).toEqual({
      _tag: 'Left',
      left: {
        kind: 'permanent',
        code: 'health/lost',
        message: 'It was healthy, but no longer is (503): it gets no traffic.',
      },
    });
  });
});

describe('a start', () => {
  const secrets = {
    KEY: { reference: 'shop/key', fingerprint: null },
    EMPTY: { reference: 'empty', fingerprint: null },
  };
  const start = {
    type: 'Start',
    effect: 'start',
    ...of,
    image,
    inputs,
    spec,
    config: { variables: { A: '1' }, secrets },
  } as const;
  const ports = (runtime: object) => ({
    secrets: { read: (name: string) => TE.right({ value: name === 'empty' ? '' : 'hunter2', fingerprint: 'f' }) },
    runtime,
  });

  test('gives the instance its variables and its secrets', async () => {
    const orders: unknown[] = [];
    const runtime = {
      start: (order: object) => {
        orders.push(order);
        return TE.right(instance);
      },
    };
    expect((await performed(start, ports(runtime))).outcome).toMatchObject({
      right: { type: 'RecordStarted', instance },
    });
    const variables = { A: '1', KEY: 'hunter2', EMPTY: '' };
    expect(orders).toEqual([{ key, deployment: 'd-2', environment: 'shop', image, inputs, run: spec, variables }]);
  });

  test('that fails repeats no secret', async () => {
    const message = 'KEY=hunter2 is not hunter2.';
    const runtime = { start: () => TE.left({ kind: 'permanent', code: 'runtime/failed', message }) };
    expect((await performed(start, ports(runtime))).outcome).toMatchObject({
      left: { message: 'KEY=[redacted] is not [redacted].' },
    });
  });
});

test('a stop gives the time that was asked for', async () => {
  const asked: unknown[] = [];
  const runtime = {
    stop: (stopped: string, options: object) => {
      asked.push([stopped, options]);
      return TE.right(undefined);
    },
  };
  const stop = { type: 'StopInstance', effect: 'stop-instance', ...of, graceMs: 300 } as const;
  expect((await performed(stop, { runtime })).outcome).toMatchObject({ right: { type: 'RecordStopped', key } });
  expect(asked).toEqual([[key, { graceMs: 300 }]]);
});

test('a source of neither commit nor ref cannot be resolved', async () => {
  const resolve = {
    type: 'ResolveSource',
    effect: 'resolve-source',
    ...of,
    source: { ...source, commit: null },
  } as unknown as Effect;
  expect((await performed(resolve, {})).outcome).toEqual({
    _tag: 'Left',
    left: {
      kind: 'permanent',
      code: 'sources/ref-not-found',
      message: 'Neither a commit nor a ref of https://git.example/shop was given.',
    },
  });
});
