/** The adapter when everything goes wrong; and that a mistake in it would be found, and told so that one can follow. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { campaign, type ProfileName, reportOf, simulate } from '@recourse/testing/simulation';
import { describe, expect, test } from 'vitest';
import { inSimulatedWorld } from '../in-simulated-world.ts';
import { keepsTheNewest, namesAtWill, startsAfresh } from '../mistakes.ts';

const MINUTES_MS = 60_000;
/** One after the other. */
const profiles: readonly ProfileName[] = ['usual', 'crashes', 'network'];

describe('vmRuntime in the simulated world', () => {
  test(
    'keeps every promise in 200 runs under faults, and comes to where it counts',
    async () => {
      const adapters = inSimulatedWorld();
      const told = await campaign({ from: 1, runs: 200, profiles, findingsMax: 1, adapters });
      expect(told.findings.map(({ seed, simulation }) => ({ seed, ...simulation.violation }))).toEqual([]);
      expect(told.runs).toBe(200);
      expect([...told.sightings.keys()]).toContain('an instance was adopted');
      // Each in some place, such as `admitted runtime.create × late`.
      const befell = ['create × crash-after', 'create × ack-lost', 'create × late', 'destroy × ack-lost'];
      const visits = [...told.visits.keys()];
      expect(befell.filter((pair) => !visits.some((visit) => visit.endsWith(`runtime.${pair}`)))).toEqual([]);
    },
    2 * MINUTES_MS,
  );

  test('is the same run for the same seed, and from its plan', async () => {
    const adapters = inSimulatedWorld();
    const first = await simulate({ seed: 10, adapters });
    expect((await simulate({ seed: 10, adapters })).hash).toBe(first.hash);
    expect((await simulate({ plan: first.plan, adapters })).hash).toBe(first.hash);
  });

  test('is found out when it starts afresh instead of adopting', async () => {
    const [finding] = (await search(startsAfresh)).findings;
    if (finding === undefined) throw new Error('nothing was found');
    const report = await reportOf(finding);
    expect(report).toMatch(/^# intent-first, seed \d+\n\n\S+-start-1 is stopped without any intent\n/);
    expect(Number(/came down to (\d+)/.exec(report)?.[1])).toBeLessThan(15);
    // The whole story: an instance is made, and a request comes to destroy it.
    expect(report).not.toContain('lines before');
    expect(report).toMatch(/runtime\.create (\S+)[\s\S]*runtime\.destroy \1[\s\S]*INVARIANT/);
    expect(report).toMatch(/new Map\(\[\n( +\["[^"]+", \d+\],\n)+/);
  });

  test.each([
    { adapter: namesAtWill, invariant: 'one-per-key' },
    { adapter: keepsTheNewest, invariant: 'stop-serving' },
  ])('is found out when it $adapter.name', async ({ adapter, invariant }) => {
    const { findings } = await search(adapter);
    expect(findings.map(({ simulation }) => simulation.violation?.invariant)).toEqual([invariant]);
  });
});

test('the example tells both: the adapter holds, the mistaken one is found', async () => {
  const main = join(import.meta.dirname, '..', 'main.ts');
  const run = promisify(execFile)(process.execPath, ['--conditions=@recourse/source', main, '--runs', '10']);
  const { stdout, stderr } = await run;
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^vmRuntime: 10 runs, [\d.]+ virtual hours, \d+ faults, 0 findings\nwith a mistake: found in \d+ runs\n/,
  );
  expect(stdout).toContain('## What happened');
});

const search = (mistaken: Parameters<typeof inSimulatedWorld>[0]) =>
  campaign({ from: 1, runs: 300, profiles, findingsMax: 1, adapters: inSimulatedWorld(mistaken) });
