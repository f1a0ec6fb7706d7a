/**
 * Workers as they are on many machines: frozen for longer than a lease and woken again, cut off from the store, with a
 * clock that is an hour off, over a queue that forgot everything. Each time another one goes on, and what comes late
 * changes nothing.
 */
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentId } from '@recourse/core';
import { orFault } from '@recourse/engine';
import { eventually, startTraffic } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import { removeKeys } from '../../../scripts/engines/redis.ts';
import { accepted, entryOf, shop } from './support/orders.ts';
import { severedLine } from './support/severed-line.ts';
import { openLocalStage, type Stage } from './support/stage.ts';
import type { StorageName } from './support/storage.ts';

type Finish = (end: () => Promise<void>) => void;

const opened = async (storage: StorageName, onTestFinished: Finish): Promise<Stage> => {
  const stage = await openLocalStage(storage);
  onTestFinished(() => stage.close());
  return stage;
};

const ask = async ({ recourse, commit }: Stage, release: string): Promise<DeploymentId> =>
  accepted(await recourse.deploy(commit(release))).deployment;

const bodyOf = async ({ url }: Stage) => (await (await fetch(url)).text()).trim();

/** Live, what it replaced retired, and its instance the only one. */
const comesToRest = async (stage: Stage, deployment: DeploymentId, release: string): Promise<void> => {
  expect(accepted(await stage.recourse.settled(deployment))).toBe('live');
  await eventually(
    async () => (await orFault(stage.ports.runtime.list())).map((one) => one.deployment),
    (running) => running.length === 1 && running[0] === deployment,
  );
  expect(await bodyOf(stage)).toBe(release);
};

const isFrozen = async ({ pid }: ChildProcess): Promise<boolean> =>
  / T /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));

/** What a worker here is given to end, and a second for the end itself. */
const GRACE_MS = 3_000;

// Side by side: most of it is waiting for leases to end.
describe.concurrent('a worker', { timeout: 120_000 }, () => {
  test.for([
    ['PostgreSQL and BullMQ', [3, 16]],
    ['PostgreSQL and pg-boss', [9, 14]],
  ] as const)(
    'on %s that is frozen, and woken when another one is done, changes nothing',
    async ([storage, steps], { onTestFinished }) => {
      const stage = await opened(storage, onTestFinished);
      const undisturbed = await stage.startWorker();
      await comesToRest(stage, await ask(stage, 'v0'), 'v0');
      await stage.stopWorker(undisturbed);
      const traffic = startTraffic({ url: stage.url, clients: 2, pauseMs: 5 });
      for (const [round, at] of steps.entries()) {
        const release = `v${round + 1}`;
        traffic.expect(null);
        const deployment = await ask(stage, release);
        const sleeper = await stage.startWorker({ fate: { at, signal: 'SIGSTOP' } });
        await eventually(
          () => isFrozen(sleeper),
          (frozen) => frozen,
        );
        const other = await stage.startWorker();
        await comesToRest(stage, deployment, release);
        traffic.expect(release);
        sleeper.kill('SIGCONT');
        await sleep(1_000);
        expect(await bodyOf(stage)).toBe(release);
        await comesToRest(stage, deployment, release);
        await stage.stopWorker(sleeper);
        await stage.stopWorker(other);
      }
      expect(await traffic.stop()).toMatchObject({ failed: 0, stale: 0, problems: [] });
      const { entries } = accepted(await stage.recourse.history({ environment: shop }));
      expect(entries.map(({ status }) => status)).toEqual(['live', 'retired', 'retired']);
    },
  );

  test('that is cut off from the store in mid-deployment is taken over, and goes on when it is back', async ({
    onTestFinished,
  }) => {
    const stage = await opened('PostgreSQL and BullMQ', onTestFinished);
    if (stage.storage.kind !== 'postgres') throw new Error('not on PostgreSQL');
    const line = await severedLine(stage.storage.url);
    onTestFinished(() => line.close());
    const alone = await stage.startWorker({ storage: { ...stage.storage, url: line.url } });
    await comesToRest(stage, await ask(stage, 'v1'), 'v1');

    const second = await ask(stage, 'v2');
    await eventually(
      () => entryOf(stage, second),
      ({ status }) => status !== 'waiting',
    );
    line.cut();
    const other = await stage.startWorker();
    await comesToRest(stage, second, 'v2');
    await stage.stopWorker(other);

    line.mend();
    await comesToRest(stage, await ask(stage, 'v3'), 'v3');
    expect(await stage.stopWorker(alone)).toBe('stopped');
  });

  test('whose clock is an hour off holds up nobody, and is held up by nobody', async ({ onTestFinished }) => {
    const stage = await opened('PostgreSQL and pg-boss', onTestFinished);
    const hour = 3_600_000;
    const first = await ask(stage, 'v1');
    const ahead = await stage.startWorker({ clockOffMs: hour, withoutBuilder: true });
    await eventually(
      async () => accepted(await stage.recourse.explain(first)).join('\n'),
      (told) => told.includes('tried again'),
    );
    expect(await stage.stopWorker(ahead)).toBe('stopped');

    const behind = await stage.startWorker({ clockOffMs: -hour });
    const began = performance.now();
    await comesToRest(stage, first, 'v1');
    expect(performance.now() - began).toBeLessThan(30_000);
    await comesToRest(stage, await ask(stage, 'v2'), 'v2');
    const another = await stage.startWorker({ clockOffMs: hour });
    await comesToRest(stage, await ask(stage, 'v3'), 'v3');
    const { deployment } = accepted(await stage.recourse.rollback({ environment: shop, actor: 'ada' }));
    await comesToRest(stage, deployment, 'v2');
    await stage.stopWorker(behind);
    await stage.stopWorker(another);
  });

  test('finds every deployment whose wake-up a flushed Redis forgot', async ({ onTestFinished }) => {
    const stage = await opened('PostgreSQL and BullMQ', onTestFinished);
    if (stage.storage.kind !== 'postgres' || stage.storage.redis === null) throw new Error('not on Redis');
    const { url, prefix } = stage.storage.redis;
    const deployment = await ask(stage, 'v1');
    await removeKeys(url, prefix);
    const worker = await stage.startWorker();
    await comesToRest(stage, deployment, 'v1');
    await stage.stopWorker(worker);
  });

  test('that is asked to stop hands over within its grace period', async ({ onTestFinished }) => {
    const stage = await opened('PostgreSQL and pg-boss', onTestFinished);
    const deployment = await ask(stage, 'v1');
    const first = await stage.startWorker();
    await eventually(
      () => entryOf(stage, deployment),
      ({ status }) => status !== 'waiting',
    );
    const began = performance.now();
    expect(await stage.stopWorker(first)).toBe('stopped');
    expect(performance.now() - began).toBeLessThan(GRACE_MS);
    const second = await stage.startWorker();
    await comesToRest(stage, deployment, 'v1');
    await stage.stopWorker(second);
  });
});
