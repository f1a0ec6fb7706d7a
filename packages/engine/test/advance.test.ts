/** One deployment is taken as far as it can go, on a clock that stands still: what is written, and who is woken. */
import {
  DeploymentId,
  type DeploymentRequest,
  deploymentStream,
  environmentStream,
  Instant,
  initialDeployment,
  initialEnvironment,
  type StreamId,
  type WakeUp,
} from '@recourse/core';
import { createRecourse, type DeployInput, orFault } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { createActivity } from '../src/activity.ts';
import { type Advancing, advance } from '../src/advance.ts';
import { cancellation } from '../src/cancellation.ts';
import { createJournal, type Journal } from '../src/journal.ts';
import { accepted, deployOf, entryOf, serving, shop } from './support/orders.ts';
import { openWorld, permanent, transient } from './support/world.ts';

const policy = { deadlineMs: 2_000, attemptsMax: 2, backoffMs: 70, backoffMaxMs: 70 };

const opened = async () => {
  const world = await openWorld();
  /** Who was woken, in order; with the delay, if there is one. */
  const woken: (DeploymentId | [DeploymentId, number])[] = [];
  let now = 10_000;
  const ports = {
    ...world.options,
    clock: {
      now: () => Instant.parse(now),
      sleep: (_ms: number, signal?: { addEventListener(type: 'abort', listener: () => void): void }) =>
        new Promise<void>((resolve) => signal?.addEventListener('abort', resolve)),
    },
    queue: {
      ...world.options.queue,
      enqueue: ({ deploymentId }: WakeUp, { delayMs }: { delayMs?: number } = {}) =>
        TE.fromIO(() => void woken.push(delayMs === undefined ? deploymentId : [deploymentId, delayMs])),
    },
  };
  const recourse = createRecourse(ports);
  const real = createJournal(ports);
  const activity = createActivity();
  const policies = Object.fromEntries(
    ['resolve-source', 'probe-image', 'pull-image', 'build', 'start', 'check-health', 'promote']
      .concat('restore-traffic', 'retire-previous', 'stop-instance')
      .map((step) => [step, policy]),
  ) as Advancing['policy'];

  return {
    ...world,
    recourse,
    activity,
    journal: real,
    woken,
    pass: (ms: number) => {
      now += ms;
    },
    deploy: async (version: string, over: Partial<DeployInput> = {}): Promise<DeploymentId> => {
      const { deployment } = accepted(await recourse.deploy(deployOf(version, over)));
      woken.length = 0;
      return deployment;
    },
    advance: (
      id: DeploymentId,
      journal: Partial<Journal> = {},
      beginNothing = cancellation().signal,
      over: object = {},
    ) => {
      const advancing: Advancing = {
        ports: { ...ports, ...over },
        journal: { ...real, ...journal },
        policy: policies,
        activity,
      };
      return advance(advancing, id, { beginNothing, letGo: cancellation().signal });
    },
    eventsOf: async (stream: StreamId) => (await orFault(ports.store.read({ stream }))).events,
    status: async (id: DeploymentId) => (await real.deployment(id)).state,
  };
};

/** What somebody saw who looks again only later. */
const onceFrom = <A, B>(stale: B, look: (of: A) => Promise<B>): ((of: A) => Promise<B>) => {
  let looked = false;
  return async (of) => {
    if (looked) return look(of);
    looked = true;
    return stale;
  };
};

describe('a deployment', () => {
  test('that nobody ever asked for is nothing to do', async () => {
    const { advance, woken, log } = await opened();
    expect(await advance(DeploymentId.parse('nobody'))).toBe('done');
    expect([woken, log]).toEqual([[], []]);
  });

  test('is taken all the way, each step written on its own behalf', async () => {
    const { advance, deploy, eventsOf, ...world } = await opened();
    const id = await deploy('v1');
    expect(await advance(id)).toBe('done');
    expect(serving(world)).toBe('v1');
    const [, ...events] = await eventsOf(deploymentStream(id));
    const build = `${id}-build-1`;
    expect(events.map(({ type, metadata: { causationId } }) => [type, causationId])).toEqual([
      ['Admitted', id],
      ['BuildScheduled', id],
      ['StepStarted', build],
      ['Built', build],
      ['StepStarted', `${id}-start-1`],
      ['InstanceStarted', `${id}-start-1`],
      ['StepStarted', `${id}-check-health-1`],
      ['HealthChecked', `${id}-check-health-1`],
      ['StepStarted', `${id}-promote-1`],
      ['Promoted', `${id}-promote-1`],
    ]);
    const told = [...events, ...(await eventsOf(environmentStream(shop))).slice(1)];
    for (const { metadata } of told) expect(metadata).toMatchObject({ actor: 'recourse', correlationId: id });
  });

  test('is left to others by a worker that is about to end', async () => {
    const { advance, deploy, log, woken, eventsOf } = await opened();
    const id = await deploy('v1');
    const ending = cancellation();
    ending.cancel();
    expect(await advance(id, {}, ending.signal)).toBe('stopped');
    expect([log, woken]).toEqual([[], []]);
    expect(await eventsOf(deploymentStream(id))).toHaveLength(1);
  });

  test('that can never come to rest is given up for now, and said to be so', async () => {
    const id = DeploymentId.parse('d-1');
    const request = { type: 'DeploymentRequested', deployment: id, environment: shop } as DeploymentRequest;
    const { advance } = await opened();
    let asked = 0;
    const circle: Partial<Journal> = {
      deployment: async () => ({ state: { ...initialDeployment, request }, version: 0 }),
      environment: async () => ({ state: initialEnvironment, version: 0 }),
      decideEnvironment: async () => {
        asked++;
        return { _tag: 'Left', left: { code: 'NotRequested' } };
      },
    };
    await expect(advance(id, circle)).rejects.toThrow('Deployment d-1 took 500 steps without coming to rest.');
    expect(asked).toBe(500);
  });
});

describe('what failed for now', () => {
  test('is woken when it may be tried again, and is not tried before', async () => {
    const { advance, deploy, hands, woken, pass, log } = await opened();
    const id = await deploy('v1');
    hands.build = () => transient('builder/unreachable');
    expect(await advance(id)).toBe('waiting');
    expect(woken).toEqual([[id, 70]]);
    pass(30);
    expect(await advance(id)).toBe('waiting');
    expect(woken).toEqual([
      [id, 70],
      [id, 40],
    ]);
    expect(log.filter((line) => line.startsWith('build'))).toEqual([`build ${id}-build-1`]);
    delete hands.build;
    pass(40);
    expect(await advance(id)).toBe('done');
    expect(log).toContain(`build ${id}-build-2`);
  });

  test('is tried again at once if its time lies further away than any pause: a wrong clock wrote it', async () => {
    const { advance, deploy, hands, pass, log } = await opened();
    const id = await deploy('v1');
    hands.build = () => transient('builder/unreachable');
    pass(3_600_000);
    expect(await advance(id)).toBe('waiting');
    pass(-3_600_000);
    delete hands.build;
    expect(await advance(id)).toBe('done');
    expect(log).toContain(`build ${id}-build-2`);
  });

  test('is woken at once by a clock that went on meanwhile', async () => {
    const { advance, deploy, hands, woken, options } = await opened();
    const id = await deploy('v1');
    hands.build = () => transient('builder/unreachable');
    await advance(id);
    woken.length = 0;
    let looks = 0;
    const clock = { ...options.clock, now: () => Instant.parse(10_000 + 1_000 * looks++) };
    expect(await advance(id, {}, cancellation().signal, { clock })).toBe('waiting');
    expect(woken).toEqual([[id, 0]]);
  });

  test('is written down in words that every store takes, however long and odd they were', async () => {
    const { advance, deploy, hands, ...world } = await opened();
    const id = await deploy('v1');
    const code = `builder/${'x'.repeat(200)}` as const;
    hands.build = () => TE.left({ kind: 'permanent', code, message: 'a\0\ud800'.repeat(3_000) });
    expect(await advance(id)).toBe('done');
    const { failure } = await entryOf(world, id);
    expect(failure?.code).toBe(code.slice(0, 128));
    expect(failure?.message).toMatch(/^(?:a\ufffd)+a?$/);
    expect(failure?.message.length).toBeGreaterThan(2_000);
  });
});

describe('whoever stands in line', () => {
  test('behind another one is woken when that one has gone live, and not by the time', async () => {
    const { advance, deploy, hands, woken, pass } = await opened();
    const first = await deploy('v1');
    hands.build = () => transient('builder/unreachable');
    await advance(first);
    const second = await deploy('v2');
    expect(await advance(second)).toBe('waiting');
    expect(woken).toEqual([]);

    delete hands.build;
    pass(70);
    expect(await advance(first)).toBe('done');
    expect(woken).toContain(second);
    expect(await advance(second)).toBe('done');
  });

  test('behind one that failed is woken too', async () => {
    const { advance, deploy, hands, woken } = await opened();
    const first = await deploy('v1');
    const second: DeploymentId[] = [];
    hands.build = () => async () => {
      second.push(await deploy('v2'));
      return permanent('builder/failed')();
    };
    expect(await advance(first)).toBe('done');
    expect(woken).toEqual(second);
  });

  test('is not woken as long as somebody else has the slot', async () => {
    const { advance, deploy, hands, woken, pass } = await opened();
    await advance(await deploy('v1'));
    const second = await deploy('v2');
    hands.stop = () => transient('runtime/unreachable');
    await advance(second);
    hands.build = () => transient('builder/unreachable');
    await advance(await deploy('v3'));
    await deploy('v4');
    delete hands.stop;
    pass(70);
    expect(await advance(second)).toBe('done');
    expect(woken).toEqual([]);
  });

  test.each([
    ['and somebody has the slot', 'api'],
    ['and pushes are held', 'push'],
  ] as const)('only now, because whoever asked died before, %s, waits like all others', async (_, trigger) => {
    const { advance, deploy, hands, journal, recourse, status } = await opened();
    for (const version of ['v1', 'v2']) await advance(await deploy(version));
    if (trigger === 'push') {
      await advance(accepted(await recourse.rollback({ environment: shop, actor: 'ada' })).deployment);
    } else {
      hands.build = () => transient('builder/unreachable');
      await advance(await deploy('v3'));
    }
    const other = await deploy('v4', { environment: 'blog', trigger });
    const { request } = await status(other);
    if (request === null) throw new Error('nothing was asked for');
    const deployment = DeploymentId.parse('d-lost');
    const lost = { ...request, deployment, environment: shop };
    const cause = { actor: 'ada', correlationId: deployment, causationId: deployment };
    await journal.decideDeployment(deployment, { type: 'Request', request: lost }, cause);
    expect(await advance(deployment)).toBe('waiting');
    expect(await status(deployment)).toMatchObject({ fence: null, ending: null });
    expect((await journal.environment(shop)).state.waiting).toMatchObject([{ deployment }]);
  });

  test('is made pointless by a newer one, which is not kept waiting', async () => {
    const { advance, deploy, hands, status, eventsOf } = await opened();
    const first = await deploy('v1');
    hands.build = () => transient('builder/unreachable');
    await advance(first);
    const second = await deploy('v2');
    const third = await deploy('v3');
    expect(await advance(second)).toBe('done');
    expect(await status(second)).toMatchObject({ ending: 'superseded' });
    expect((await eventsOf(deploymentStream(second))).at(-1)?.data).toMatchObject({ by: third });
  });
});

describe('a rollback', () => {
  const inFlight = async () => {
    const world = await opened();
    const first = await world.deploy('v1');
    await world.advance(first);
    const second = await world.deploy('v2');
    await world.advance(second);
    world.hands.build = () => transient('builder/unreachable');
    const holder = await world.deploy('v3');
    await world.advance(holder);
    const { deployment: rollback } = accepted(await world.recourse.rollback({ environment: shop, actor: 'ada' }));
    world.woken.length = 0;
    return { ...world, first, holder, rollback };
  };

  test('cancels what is in flight before it, stops its work at once, and wakes it to clear up', async () => {
    const { advance, holder, rollback, activity, woken, status, recourse } = await inFlight();
    let stopped = 0;
    activity.begin(holder, () => stopped++);
    expect(await advance(rollback)).toBe('waiting');
    expect(await status(holder)).toMatchObject({ ending: 'cancelled' });
    expect(stopped).toBe(1);
    expect(woken).toEqual([holder]);
    const told = accepted(await recourse.explain(holder)).join('\n');
    expect(told).toContain(`by recourse: The rollback ${rollback} goes ahead.`);
  });

  test('is woken as soon as that one has given back the slot, and goes live', async () => {
    const { advance, holder, rollback, woken, ...world } = await inFlight();
    await advance(rollback);
    woken.length = 0;
    expect(await advance(holder)).toBe('done');
    expect(woken).toEqual([rollback]);
    expect(await advance(rollback)).toBe('done');
    expect(serving(world)).toBe('v1');
  });
});

describe('whoever takes the place of another one', () => {
  test('retires it, and is done', async () => {
    const { advance, deploy, log, ...world } = await opened();
    const first = await deploy('v1');
    await advance(first);
    const second = await deploy('v2');
    expect(await advance(second)).toBe('done');
    expect(log.filter((line) => line.startsWith('stop'))).toEqual([`stop ${first}-start-1`]);
    expect(await entryOf(world, first)).toMatchObject({ status: 'retired', retiredBy: second });
  });

  test('wakes who stands in line once, when it is live, however often it tries to retire the other', async () => {
    const { advance, deploy, hands, woken, pass } = await opened();
    await advance(await deploy('v1'));
    const second = await deploy('v2');
    hands.point = () => async () => {
      delete hands.point;
      third.push(await deploy('v3'));
      return TE.right(undefined)();
    };
    hands.stop = () => transient('runtime/unreachable');
    const third: DeploymentId[] = [];
    expect(await advance(second)).toBe('waiting');
    expect(woken).toEqual([...third, [second, 70]]);
    delete hands.stop;
    pass(70);
    woken.length = 0;
    expect(await advance(second)).toBe('done');
    expect(woken).toEqual(third);
  });

  test('leaves alone what somebody else has still to retire', async () => {
    const { advance, deploy, hands, ...world } = await opened();
    const first = await deploy('v1');
    await advance(first);
    const second = await deploy('v2');
    hands.stop = (key) => (key === `${first}-start-1` ? transient('runtime/unreachable') : undefined);
    expect(await advance(second)).toBe('waiting');
    expect(await advance(await deploy('v3'))).toBe('done');
    expect(await entryOf(world, second)).toMatchObject({ status: 'retired' });
    expect(await entryOf(world, first)).toMatchObject({ status: 'draining', retiredBy: null });
  });
});

describe('a worker that was overtaken', () => {
  test('does not do again what another one has brought to its end', async () => {
    const { advance, deploy, journal, log } = await opened();
    const id = await deploy('v1');
    const before = { deployment: await journal.deployment(id), environment: await journal.environment(shop) };
    expect(await advance(id)).toBe('done');
    const did = [...log];
    const stale: Partial<Journal> = {
      deployment: onceFrom(before.deployment, journal.deployment),
      environment: onceFrom({ ...before.environment, state: initialEnvironment }, journal.environment),
    };
    expect(await advance(id, stale)).toBe('done');
    expect(log).toEqual(did);
  });

  test('by others who all died in the same step does not try it once more', async () => {
    const { advance, deploy, journal, hands, log } = await opened();
    const id = await deploy('v1');
    hands.build = () => {
      throw new Error('This worker dies.');
    };
    const dying: Partial<Journal> = {
      decideDeployment: (of, command, ...rest) => {
        if (command.type === 'RecordFailure') throw new Error('This worker dies.');
        return journal.decideDeployment(of, command, ...rest);
      },
    };
    for (let worker = 1; worker <= 5; worker++) await expect(advance(id, dying)).rejects.toThrow('This worker dies.');
    delete hands.build;
    log.length = 0;
    expect(await advance(id)).toBe('waiting');
    expect(log).toEqual([]);
  });

  test('begins nothing for a deployment that was cancelled meanwhile', async () => {
    const { advance, deploy, journal, recourse, log, status } = await opened();
    const id = await deploy('v1');
    let looks = 0;
    const environment: Journal['environment'] = async (name) => {
      const loaded = await journal.environment(name);
      if (++looks === 2) accepted(await recourse.cancel({ deployment: id, actor: 'ada' }));
      return loaded;
    };
    expect(await advance(id, { environment })).toBe('done');
    expect(log).toEqual([]);
    expect(await status(id)).toMatchObject({ ending: 'cancelled' });
  });

  test('in its promotion leaves it to the next one to write that it is live', async () => {
    const { advance, deploy, options, woken, eventsOf } = await opened();
    const first = await deploy('v1');
    const second = await deploy('v2', { environment: shop, trigger: 'api' });
    const away = {
      ...options.store,
      append: (request: Parameters<typeof options.store.append>[0]) =>
        request.events.some(({ type }) => type === 'Promoted')
          ? permanent('store/unavailable')
          : options.store.append(request),
    };
    const dying = createJournal({ ...options, store: away });
    await expect(advance(second, dying)).rejects.toMatchObject({ code: 'store/unavailable' });
    const third = await deploy('v3');
    woken.length = 0;

    expect(await advance(second)).toBe('done');
    const [live] = (await eventsOf(deploymentStream(second))).slice(-1);
    expect(live).toMatchObject({ type: 'Promoted', data: { previous: null, durationMs: 0 } });
    expect(woken).toEqual(expect.arrayContaining([first, third]));
  });
});

describe('a promotion that fails', () => {
  test('is told to the environment with its reason, before the traffic goes back', async () => {
    const { advance, deploy, hands, eventsOf, status, routes } = await opened();
    const first = await deploy('v1');
    await advance(first);
    const before = routes.get(shop)?.upstream;
    const second = await deploy('v2');
    hands.point = (_environment, { upstream }) =>
      upstream?.id === before?.id ? undefined : permanent('router/refused');
    expect(await advance(second)).toBe('done');
    expect(routes.get(shop)?.upstream).toEqual(before);
    const aborting = (await eventsOf(environmentStream(shop))).find(({ type }) => type === 'SlotAborting');
    expect(aborting?.data).toMatchObject({ deployment: second, reason: 'router/refused, as the test has it' });
    expect(await status(second)).toMatchObject({ ending: 'failed' });
  });
});
