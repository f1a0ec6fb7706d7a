/**
 * A test runner of Stryker that keeps everything loaded: a mutant costs what the tests cost that reach it. Only what is
 * at work while sources are loaded needs them loaded again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import { failureOf, type Noted, testsOf } from './vitest-here.ts';

/** Where the instrumented sources look for the mutant that is at work, and say what they came by. */
const context: { -readonly [Key in keyof InstrumenterContext]: InstrumenterContext[Key] | undefined } = {};
Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: context });

/** What is in the copy is loaded anew for each of these; the libraries that it stands on stay. */
let generation = 0;
const copy = `${pathToFileURL(process.cwd())}/`;
registerHooks({
  resolve: (specifier, from, next) => {
    const found = next(specifier, from);
    const ours = found.url.startsWith(copy) && !found.url.includes('/node_modules/');
    return ours ? { ...found, url: `${found.url}?${generation}` } : found;
  },
});

const loadTests = async (): Promise<readonly Noted[]> => {
  generation++;
  const files: readonly string[] = JSON.parse(readFileSync('tests.json', 'utf8'));
  const all: Noted[] = [];
  for (const file of files) all.push(...(await testsOf(file)));
  return all;
};

/**
 * What each test took without a mutant, in milliseconds. The quickest is asked first; and one that takes far longer
 * than it did waits for what never comes. Kept in a file, since processes come and go.
 */
const usual = {
  keep: (results: readonly TestResult[]): void =>
    writeFileSync('usual.json', JSON.stringify(results.map(({ id, timeSpentMs }) => [id, timeSpentMs]))),
  read: (): ReadonlyMap<string, number> => new Map(JSON.parse(readFileSync('usual.json', 'utf8'))),
};
const limitOf = (usualMs: number): number => 2_000 + 10 * usualMs;

/** Without a mutant nothing takes that long. */
const TOO_LONG_MS = 30_000;

const createRunner = (): TestRunner => {
  let tests: readonly Noted[] | null = null;
  let stray: unknown = null;
  process.on('unhandledRejection', (reason) => {
    stray = reason ?? 'a rejection';
  });
  // Properties draw the same values in every run: whether a mutant is found must not be luck. Nobody reads how it failed.
  fc.configureGlobal({ seed: 1, endOnFailure: true });

  const run = async (
    chosen: readonly Noted[],
    bail: boolean,
    limitMs: (id: string) => number,
  ): Promise<TestResult[]> => {
    const results: TestResult[] = [];
    for (const one of chosen) {
      context.currentTestId = one.id;
      stray = null;
      const from = performance.now();
      const failure = (await failureOf(one, limitMs(one.id))) ?? stray;
      context.currentTestId = undefined;
      const told = { id: one.id, name: one.id, timeSpentMs: performance.now() - from };
      if (failure === null) results.push({ ...told, status: TestStatus.Success });
      else results.push({ ...told, status: TestStatus.Failed, failureMessage: String(failure) });
      if (failure !== null && bail) break;
    }
    return results;
  };

  const mutantRun = async (options: MutantRunOptions): Promise<MutantRunResult> => {
    const { activeMutant, mutantActivation, reloadEnvironment, testFilter, hitLimit, disableBail } = options;
    context.hitCount = hitLimit === undefined ? undefined : 0;
    context.hitLimit = hitLimit;
    context.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
    if (tests === null || reloadEnvironment || mutantActivation === 'static') {
      tests = null;
      try {
        tests = await loadTests();
      } catch (error) {
        // At work from the beginning, it did not even let the tests be loaded.
        return { status: MutantRunStatus.Killed, killedBy: [], failureMessage: String(error), nrOfTests: 0 };
      }
    }
    context.activeMutant = activeMutant.id;
    const reaching = testFilter === undefined ? null : new Set(testFilter);
    const times = usual.read();
    const usualMs = (id: string): number => times.get(id) ?? 0;
    const results = await run(
      tests.filter(({ id }) => reaching?.has(id) ?? true).sort((a, b) => usualMs(a.id) - usualMs(b.id)),
      !disableBail,
      (id) => limitOf(usualMs(id)),
    );
    const endless = determineHitLimitReached(context.hitCount, hitLimit);
    return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests: results });
  };

  return {
    capabilities: () => ({ reloadEnvironment: true }),
    dryRun: async () => {
      tests = await loadTests();
      const results = await run(tests, false, () => TOO_LONG_MS);
      usual.keep(results);
      const mutantCoverage = context.mutantCoverage;
      return { status: DryRunStatus.Complete, tests: results, ...(mutantCoverage && { mutantCoverage }) };
    },
    mutantRun,
  };
};

const inject: [] = [];

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'in-process', Object.assign(createRunner, { inject })),
];
