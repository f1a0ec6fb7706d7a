/** Somebody's own Runtime in the simulated world: what its requests meet with, and what it is found out by. */
import type { Runtime } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import type { SimulatedProcess, SimulatedWorld } from '../../src/simulation/adapters.ts';
import { plannedChoices } from '../../src/simulation/choices.ts';
import { profiles } from '../../src/simulation/faults.ts';
import { createKernel } from '../../src/simulation/kernel.ts';
import { createLab } from '../../src/simulation/lab.ts';
import { createPlaces } from '../../src/simulation/places.ts';
import { createEngine } from '../../src/simulation/ports/engine.ts';
import { ownRuntime } from '../../src/simulation/ports/own-runtime.ts';
import { createProcess } from '../../src/simulation/process.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { createTrace } from '../../src/simulation/trace.ts';
import { createTruth } from '../../src/simulation/truth.ts';

const inert: Runtime = {
  start: () => TE.left({ kind: 'permanent', code: 'runtime/start-failed', message: 'Not here.' }),
  inspect: () => TE.right({ state: 'gone' }),
  stop: () => TE.right(undefined),
  logs: () => TE.right([]),
  list: () => TE.right([]),
};

/** A world in which nothing goes wrong but this. */
const stage = (fault: string | undefined) => {
  const kernel = createKernel();
  const plan = new Map(fault === undefined ? [] : [[`${fault}@runtime.create a#0`, 1]]);
  const trace = createTrace(kernel.now, false);
  const nobody = () => undefined;
  const choices = plannedChoices(plan);
  const places = createPlaces(createTruth());
  const lab = createLab({ kernel, choices, trace, rates: profiles.usual, places, watch: nobody, defect: nobody });
  const given: { world?: SimulatedWorld; process?: SimulatedProcess } = {};
  const runtimeOf = ownRuntime(lab, createEngine(lab), (world) => (process) => {
    Object.assign(given, { world, process });
    return inert;
  });
  runtimeOf(createProcess(lab, 'p1', 1, nobody));
  const { world, process } = given;
  if (world === undefined || process === undefined) throw new Error('the adapter was given nothing');
  return { kernel, world, process };
};

type Asked = Readonly<{ fault?: string; answer?: () => string; signal?: AbortSignal; takesMs?: number }>;

const ask = async ({ fault, answer = () => 'made', signal, takesMs = 100 }: Asked) => {
  const { kernel, world, process } = stage(fault);
  const carriedOut: number[] = [];
  const carryOut = async () => {
    if (takesMs > 0) await world.pause(takesMs);
    carriedOut.push(world.now());
    return answer();
  };
  let settled = 'never';
  process.request({ operation: 'create', subject: 'a', carryOut, signal }).then(
    (value) => {
      settled = value;
    },
    (error: unknown) => {
      settled = String(error);
    },
  );
  await kernel.run(() => false);
  return { settled, carriedOut };
};

const UNANSWERED = 'Error: runtime.create was not answered within 5000 ms.';

describe('a request to the engine', () => {
  test('is carried out in the engine’s own time, and answered', async () => {
    expect(await ask({})).toEqual({ settled: 'made', carriedOut: [101] });
    expect(await ask({ takesMs: 0 })).toEqual({ settled: 'made', carriedOut: [1] });
  });

  test('may be refused, in the engine’s words', async () => {
    const answer = () => {
      throw new RangeError('no room');
    };
    expect(await ask({ answer })).toEqual({ settled: 'RangeError: no room', carriedOut: [101] });
  });

  test.each([
    { fault: 'lost', settled: UNANSWERED, times: 0 },
    { fault: 'ack-lost', settled: UNANSWERED, times: 1 },
    { fault: 'late', settled: UNANSWERED, times: 1 },
    { fault: 'crash-before', settled: 'never', times: 0 },
    { fault: 'crash-after', settled: 'never', times: 1 },
  ])('that meets with $fault is carried out $times times', async ({ fault, settled, times }) => {
    const met = await ask({ fault });
    expect(met.settled).toBe(settled);
    expect(met.carriedOut).toHaveLength(times);
  });

  test('outlives the patience of who sent it', async () => {
    const met = await ask({ signal: AbortSignal.abort() });
    expect(met).toEqual({ settled: 'Error: runtime.create was cancelled.', carriedOut: [101] });
  });
});

const run = (adapter: (world: SimulatedWorld, process: SimulatedProcess) => Partial<Runtime>) =>
  simulate({
    seed: 1,
    profile: 'calm',
    adapters: { runtime: (world) => (process) => ({ ...inert, ...adapter(world, process) }) },
  });

describe('an adapter is found out', () => {
  test('when it throws', async () => {
    const { violation } = await run(() => ({
      list: () => {
        throw new Error('no labels');
      },
    }));
    expect(violation).toMatchObject({ invariant: 'defect', detail: "the adapter's list threw: Error: no labels" });
  });

  test.each([
    { name: 'Date.now', reach: () => void Date.now() },
    { name: 'Math.random', reach: () => void Math.random() },
    { name: 'setTimeout', reach: () => clearTimeout(setTimeout(() => undefined, 0)) },
  ])('when it reaches for the real $name, even if it hides it', async ({ name, reach }) => {
    const hidden = () => {
      try {
        reach();
      } catch {
        // As an adapter does, whose engine may throw anything.
      }
    };
    const { violation } = await run(() => ({ list: () => TE.fromIO(() => [hidden()].flatMap(() => [])) }));
    expect(violation?.invariant).toBe('defect');
    expect(violation?.detail).toContain(`${name.split('.').at(-1)} was called in a simulated world, at`);
  });

  test('when its engine has what nobody ordered', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const { violation } = await run((world) => ({
      list: () => TE.fromIO(() => [world.instance({ id: 'x', key: 'y', digest })].flatMap(() => [])),
    }));
    expect(violation?.detail).toBe('an instance was made under the key y, which nobody ordered');
  });

  test('when nothing comes of its starts', async () => {
    const { violation } = await run(() => ({}));
    expect(violation).toMatchObject({ invariant: 'settles' });
  });
});
