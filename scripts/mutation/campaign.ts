/** Some runs of the simulated world, as tests of the engine. In the copy, which is where its paths lead. */
import { expect, test } from 'vitest';
import { simulate } from '../../packages/testing/src/simulation/simulate.ts';

const profiles = ['usual', 'crashes', 'network', 'decay'] as const;

for (const profile of profiles)
  for (let seed = 1; seed <= 3; seed++)
    test(`${profile} ${seed}`, async () => {
      expect((await simulate({ seed, profile })).violation).toBeNull();
    });
