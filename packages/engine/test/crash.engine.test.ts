/** A worker is killed after the steps of a deploy and of rollbacks, on the engines that many machines share. */
import { describe, onTestFinished, test } from 'vitest';
import { startPrivateDockerEngine } from '../../../scripts/engines/docker.ts';
import { all, deployNext, killedAtEveryStep, rollBack, some } from './support/killed-at-every-step.ts';
import { openDockerStage, openLocalStage } from './support/stage.ts';

describe('a worker that is killed after any step is taken over, and no request notices', { timeout: 600_000 }, () => {
  test.each([
    ['PostgreSQL and BullMQ', 'a rollback by rebuild', rollBack('rebuild'), 23],
    ['PostgreSQL and pg-boss', 'a rollback by reuse', rollBack('reuse'), 20],
  ] as const)('on %s, of %s', (storage, what, ask, atLeast) =>
    killedAtEveryStep(`${what} on ${storage}`, { open: () => openLocalStage(storage), ask, atLeast, sample: some }),
  );

  test.each([
    ['a deploy', deployNext, 20, all],
    ['a rollback by reuse', rollBack('reuse'), 20, some],
  ] as const)('on Docker and HAProxy, of %s', async (what, ask, atLeast, sample) => {
    const docker = await startPrivateDockerEngine();
    onTestFinished(() => docker.stop());
    const open = () => openDockerStage(docker);
    await killedAtEveryStep(`${what} on Docker and HAProxy`, { open, ask, atLeast, sample });
  });
});
