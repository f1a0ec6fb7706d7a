/**
 * Real processes, real stores and queues, real engines: the worker is killed after every single step of a deploy and of a
 * rollback, while a load counts what its users notice. Several stages share the steps, for most of it is waiting.
 */
import { once } from 'node:events';
import type { DeploymentId } from '@recourse/core';
import { orFault } from '@recourse/engine';
import { eventually, startTraffic, type TrafficReport } from '@recourse/testing';
import { expect } from 'vitest';
import { accepted, shop } from './orders.ts';
import type { Stage } from './stage.ts';

/** What one killed worker cost: how long after the next one was there the deployment had ended. */
type Death = Readonly<{ step: number; recoveredMs: number }>;
/** What a stage saw: a death for each step it had, and the load's report. */
type Seen = Readonly<{ deaths: readonly Death[]; traffic: TrafficReport }>;
/** How the next release comes: its deployment, the body that it answers with, and how it must have come by its image. */
type Asked = Readonly<{ deployment: DeploymentId; body: string; way: 'build' | 'reuse' | 'rebuild' }>;
type Ask = (stage: Stage, step: number) => Promise<Asked>;

export const deployNext: Ask = async ({ recourse, commit }, step) => {
  const body = `v${step + 2}`;
  const { deployment } = accepted(await recourse.deploy(commit(body)));
  return { deployment, body, way: 'build' };
};

export const rollBack =
  (way: 'reuse' | 'rebuild'): Ask =>
  async (stage) => {
    const body = (await bodyOf(stage)) === 'v1' ? 'v2' : 'v1';
    if (way === 'rebuild') await pruneTarget(stage);
    const { deployment } = accepted(await stage.recourse.rollback({ environment: shop, actor: 'ada' }));
    return { deployment, body, way };
  };

const pruneTarget = async ({ recourse, ports }: Stage) => {
  const [option] = accepted(await recourse.rollbackOptions(shop));
  if (option === undefined) throw new Error('there is nothing to go back to');
  await orFault(ports.images.remove(option.target.image.digest));
};

const bodyOf = async ({ url }: Stage) => (await (await fetch(url)).text()).trim();

const newest = async ({ recourse }: Stage) => {
  const [entry] = accepted(await recourse.history({ environment: shop, limit: 1 })).entries;
  if (entry === undefined || entry.status === 'unreadable') throw new Error('there is no history');
  return entry;
};

/** Live, with one instance: what it replaced is stopped, and nothing of an interrupted start is left. */
const eventuallyAtRest = ({ recourse, ports }: Stage, deployment: DeploymentId) =>
  eventually(
    async () => {
      const { entries } = accepted(await recourse.history({ environment: shop, limit: 200 }));
      const known = entries.map((entry) => entry.deployment);
      const instances = (await orFault(ports.runtime.list())).map((one) => one.deployment);
      return [...instances.filter((one) => known.includes(one)), ...entries.map(({ status }) => status)];
    },
    ([instance, newestStatus, ...older]) =>
      instance === deployment && newestStatus === 'live' && older.every((status) => status === 'retired'),
  );

const deployUndisturbed = async (stage: Stage, name: string) => {
  const worker = await stage.startWorker();
  const { deployment } = accepted(await stage.recourse.deploy(stage.commit(name)));
  const settled = accepted(await stage.recourse.settled(deployment));
  if (settled !== 'live') throw new Error(accepted(await stage.recourse.explain(deployment)).join('\n'));
  await eventuallyAtRest(stage, deployment);
  await stage.stopWorker(worker);
};

/** Asks for a release, lets a worker die at its n-th step, and another one finish. Null if there was no such step. */
const dyingAt = async (stage: Stage, step: number, ask: Ask, isServed: (body: string) => void) => {
  const before = await bodyOf(stage);
  const { deployment, body, way } = await ask(stage, step);

  const mortal = await stage.startWorker({ fate: { at: step, signal: 'SIGKILL' } });
  await Promise.race([once(mortal, 'exit'), eventuallyAtRest(stage, deployment)]);
  const end = await stage.stopWorker(mortal);
  expect([before, body]).toContain(await bodyOf(stage));

  const next = await stage.startWorker();
  const from = performance.now();
  expect(accepted(await stage.recourse.settled(deployment))).toBe('live');
  const recoveredMs = performance.now() - from;
  isServed(body);
  await eventuallyAtRest(stage, deployment);
  expect(await bodyOf(stage)).toBe(body);
  expect((await newest(stage)).way).toBe(way);
  await stage.stopWorker(next);
  return end === 'died' ? { step, recoveredMs } : null;
};

/** The steps `first`, `first + every`, … until there is none. */
const killed = async (stage: Stage, first: number, every: number, ask: Ask): Promise<Seen> => {
  await deployUndisturbed(stage, 'v1');
  await deployUndisturbed(stage, 'v2');
  const traffic = startTraffic({ url: stage.url, clients: 2, pauseMs: 5 });
  const deaths: Death[] = [];
  for (let step = first; ; step += every) {
    traffic.expect(null);
    const death = await dyingAt(stage, step, ask, traffic.expect);
    if (death === null) break;
    deaths.push(death);
  }
  return { deaths, traffic: await traffic.stop() };
};

type Sample = Readonly<{ stages: number; every: number }>;

export const all: Sample = { stages: 4, every: 1 };
/** Where the same steps are taken on other engines as well: `npm run crashes` takes all of them there, too. */
export const some: Sample = process.env['RECOURSE_EVERY_CRASH'] ? all : { stages: 2, every: 4 };

type Campaign = Readonly<{
  open: () => Promise<Stage>;
  ask: Ask;
  /** Fewer steps would mean that the worker was not killed where it should have been. */
  atLeast: number;
  sample?: Sample;
}>;

export const killedAtEveryStep = async (
  what: string,
  { open, ask, atLeast, sample = all }: Campaign,
): Promise<void> => {
  const { stages: count, every } = sample;
  const stages = await Promise.all(Array.from({ length: count }, open));
  try {
    const seen = await Promise.all(stages.map((stage, at) => killed(stage, 1 + at * every, count * every, ask)));
    for (const { traffic } of seen) expect(traffic).toMatchObject({ failed: 0, stale: 0, problems: [] });
    tell(what, seen);
    const steps = seen.flatMap(({ deaths }) => deaths.map(({ step }) => step)).sort((a, b) => a - b);
    const owed = Math.ceil(atLeast / every);
    expect(steps.slice(0, owed)).toEqual(Array.from({ length: owed }, (_, at) => 1 + at * every));
  } finally {
    for (const stage of stages) await stage.close();
  }
};

const tell = (what: string, seen: readonly Seen[]) => {
  const times = seen.flatMap(({ deaths }) => deaths.map(({ recoveredMs }) => recoveredMs)).sort((a, b) => a - b);
  const seconds = (ms = 0) => (ms / 1000).toFixed(1);
  const requests = seen.reduce((sum, { traffic }) => sum + traffic.requests, 0);
  console.log(
    `${what}: killed at ${times.length} points; ended ${seconds(times[Math.floor(times.length / 2)])} s (median), ` +
      `${seconds(times.at(-1))} s (longest) after the next worker was there; of ${requests} requests none failed`,
  );
};
