/** The promise under load: 50,000 requests over 20 rollbacks, on local engines and on Docker with HAProxy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentId } from '@recourse/core';
import { createRecourse, orFault } from '@recourse/engine';
import { startTraffic } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openDockerPlatform } from '../platform-docker.ts';
import { openLocalPlatform } from '../platform-local.ts';
import { createRepository } from '../repository.ts';

const REQUESTS = 50_000;
const ROLLBACKS = 20;
const environment = EnvironmentId.parse('shop');

test.each([
  ['local engines and the proxy', openLocalPlatform],
  ['Docker and HAProxy', openDockerPlatform],
] as const)(
  'on %s no request fails, and none that starts after a switch is answered by the old release',
  async (_, open) => {
    const folder = await mkdtemp(join(tmpdir(), 'recourse-load-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const platform = await open(folder, environment);
    onTestFinished(() => platform.close());
    const recourse = createRecourse(platform.options);
    const worker = recourse.work();
    onTestFinished(async () => {
      await worker.stop();
      const { runtime } = platform.options;
      for (const { key } of await orFault(runtime.list())) await orFault(runtime.stop(key, { graceMs: 1_000 }));
    });
    const repository = createRepository(join(folder, 'repository'), platform.busybox);

    const deployed = async (release: string) => {
      const source = { kind: 'git', repository: repository.url, commit: repository.release(release) } as const;
      const asked = await recourse.deploy({ environment, source, workload: platform.workload, actor: 'ada' });
      expect(await liveAfter(asked)).toBe('live');
    };
    const liveAfter = async (asked: Awaited<ReturnType<typeof recourse.rollback>>) => {
      if (asked._tag === 'Left') throw new Error(asked.left.code);
      const outcome = await recourse.settled(asked.right.deployment);
      return outcome._tag === 'Right' ? outcome.right : outcome.left.code;
    };

    await deployed('v1');
    await deployed('v2');
    const traffic = startTraffic({ url: platform.url, clients: 8 });
    for (let rollback = 1; rollback <= ROLLBACKS; rollback++) {
      traffic.expect(null);
      expect(await liveAfter(await recourse.rollback({ environment, actor: 'ada' }))).toBe('live');
      traffic.expect(rollback % 2 === 1 ? 'v1' : 'v2');
      await traffic.reached((REQUESTS / ROLLBACKS) * rollback);
    }
    const { requests, failed, stale, problems } = await traffic.stop();
    expect({ failed, stale, problems }).toEqual({ failed: 0, stale: 0, problems: [] });
    expect(requests).toBeGreaterThanOrEqual(REQUESTS);
  },
  600_000,
);
