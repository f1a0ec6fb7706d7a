/**
 * Each file is the smallest run that broke a version of the library that is no more, as `npm run mutants -- --keep` found
 * it with the bug planted again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isProfile } from '../../src/simulation/faults.ts';
import { simulate } from '../../src/simulation/simulate.ts';

const Regression = z.strictObject({
  says: z.string(),
  invariant: z.string(),
  profile: z.string().refine(isProfile),
  plan: z.array(z.tuple([z.string(), z.int()])),
});

const folder = join(import.meta.dirname, 'regressions');

describe('what was broken once', () => {
  test.each(readdirSync(folder))('%s stays whole', async (file) => {
    const { plan, profile } = Regression.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    if (!isProfile(profile)) throw new Error(`no profile ${profile}`);
    const { violation } = await simulate({ plan: new Map(plan), profile });
    expect(violation).toBeNull();
  });
});
