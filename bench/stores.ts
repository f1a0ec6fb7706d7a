/** What the stores add to the insertions that they make: all contenders in turn, in one run, with full durability. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivatePostgres } from '../scripts/engines/postgres.ts';
import { median } from './median.ts';
import { type Contender, type Measured, measure, percentile } from './stores/load.ts';
import { emmett, postgresStore, postgresStores, rawPostgres } from './stores/postgres.ts';
import { rehydration, subscriptionLag } from './stores/reading.ts';
import { rawSqlite, sqliteStore } from './stores/sqlite.ts';

const ROUNDS = 15;
const WIDTHS = [1, 16] as const;

export const benchStores = async (): Promise<void> => {
  await benchSqlite();
  await benchPostgres();
};

const benchSqlite = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-bench-'));
  const [ours, raw] = [await sqliteStore(folder), rawSqlite(folder)];
  try {
    for (const writers of WIDTHS) {
      const measured = await inTurn([ours, raw], writers);
      report('sqlite', writers, measured);
      compare('sqlite', writers, measured, [ours, raw], 'at least 0.80');
    }
  } finally {
    await ours.close();
    await raw.close();
    await rm(folder, { recursive: true, force: true });
  }
};

const benchPostgres = async (): Promise<void> => {
  const postgres = await startPrivatePostgres();
  try {
    const ours = await postgresStore(postgres.url);
    const apart = await postgresStores(postgres.url);
    const [unordered, ordered] = await rawPostgres(postgres.url);
    const other = await emmett(postgres.url);
    const all = [ours, apart, unordered, ordered, other];
    for (const writers of WIDTHS) {
      const measured = await inTurn(all, writers);
      report('postgres', writers, measured);
      compare('postgres', writers, measured, [ours, unordered], writers === 1 ? 'at least 0.80' : 'none');
      compare('postgres', writers, measured, [ours, ordered], 'at least 0.80');
      compare('postgres', writers, measured, [apart, ordered], 'at least 0.80');
      compare('postgres', writers, measured, [ours, other], 'above 1');
    }
    const { oursMs, rawMs } = await rehydration(ours.store, postgres.url);
    console.log(
      `stores: reading a stream of 20 events takes ${oursMs.toFixed(2)} ms, the bare query ${rawMs.toFixed(2)} ms: ` +
        `${(oursMs / rawMs).toFixed(2)} times (goal: at most 1.5)`,
    );
    const { p50Ms, p99Ms } = await subscriptionLag(ours.store, postgres.url);
    console.log(
      `stores: with 16 writers, another process's subscriber has an event ${p50Ms.toFixed(1)} ms after its append was ` +
        `acknowledged, 99 of 100 within ${p99Ms.toFixed(1)} ms`,
    );
    for (const { close } of all) await close();
  } finally {
    await postgres.stop();
  }
};

type Results = ReadonlyMap<Contender, readonly Measured[]>;

/** In turn, so that whatever else the machine does is spread over all of them. */
const inTurn = async (contenders: readonly Contender[], writers: number): Promise<Results> => {
  const results = new Map(contenders.map((contender): [Contender, Measured[]] => [contender, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [contender, measured] of results) measured.push(await measure(contender, writers));
  return results;
};

const rateOf = (results: Results, contender: Contender): number =>
  median((results.get(contender) ?? []).map(({ perSecond }) => perSecond));

const report = (store: string, writers: number, results: Results): void => {
  for (const [contender, measured] of results) {
    const p99 = percentile(
      measured.flatMap(({ timesMs }) => timesMs),
      0.99,
    );
    console.log(
      `stores: ${store}, ${writers} ${writers === 1 ? 'writer' : 'writers'}: ${contender.name}: ${rateOf(results, contender).toFixed(0)} appends/s, ` +
        `99 of 100 within ${p99.toFixed(1)} ms (${ROUNDS} rounds)`,
    );
  }
};

const compare = (
  store: string,
  writers: number,
  results: Results,
  [a, b]: readonly [Contender, Contender],
  goal: string,
): void => {
  const ratio = rateOf(results, a) / rateOf(results, b);
  console.log(
    `stores: ${store}, ${writers} ${writers === 1 ? 'writer' : 'writers'}: ${a.name} appends ${ratio.toFixed(2)} times as fast as ${b.name} (goal: ${goal})`,
  );
};
