/** A worker is killed after every step of a deploy and of rollbacks, on what needs nothing but Node and git. */
import { describe, test } from 'vitest';
import { deployNext, killedAtEveryStep, rollBack } from './support/killed-at-every-step.ts';
import { openLocalStage } from './support/stage.ts';

describe('a worker that is killed after any step is taken over, and no request notices', { timeout: 600_000 }, () => {
  test.each([
    ['a deploy', deployNext, 20],
    ['a rollback by reuse', rollBack('reuse'), 20],
    ['a rollback by rebuild', rollBack('rebuild'), 23],
  ] as const)('of %s', (what, ask, atLeast) => killedAtEveryStep(what, { open: () => openLocalStage(), ask, atLeast }));
});
