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

/** Rounds are short, so that contenders who take turns meet the same machine. */
const LOADS = [
  { writers: 1, rounds: 100, roundMs: 50 },
  { writers: 16, rounds: 20, roundMs: 250 },
] as const;
type Load = (typeof LOADS)[number];

export const benchStores = async (): Promise<void> => {
  await benchSqlite();
  await benchPostgres();
};

const benchSqlite = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-bench-'));
  const [ours, raw] = [await sqliteStore(folder), rawSqlite(folder)];
  try {
    for (const load of LOADS) {
      const measured = await inTurn([ours, raw], load);
      report('sqlite', load, measured);
      compare('sqlite', load, measured, [ours, raw], 'at least 0.80');
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
    const [one, many] = LOADS;
    const alone = await inTurn([ours, unordered, ordered, other], one);
    report('postgres', one, alone);
    compare('postgres', one, alone, [ours, unordered], 'at least 0.80');
    compare('postgres', one, alone, [ours, ordered], 'none');
    compare('postgres', one, alone, [ours, other], 'above 1');
    const together = await inTurn(all, many);
    report('postgres', many, together);
    compare('postgres', many, together, [ours, unordered], 'none');
    compare('postgres', many, together, [ours, ordered], 'at least 0.80');
    compare('postgres', many, together, [apart, ordered], 'at least 0.80');
    compare('postgres', many, together, [ours, other], 'above 1');
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
const inTurn = async (contenders: readonly Contender[], load: Load): Promise<Results> => {
  const results = new Map(contenders.map((contender): [Contender, Measured[]] => [contender, []]));
  for (let round = 0; round < load.rounds; round++)
    for (const [contender, measured] of results) measured.push(await measure(contender, load));
  return results;
};

const rateOf = (results: Results, contender: Contender): number =>
  median((results.get(contender) ?? []).map(({ perSecond }) => perSecond));

const report = (store: string, { writers, rounds }: Load, results: Results): void => {
  for (const [contender, measured] of results) {
    const p99 = percentile(
      measured.flatMap(({ timesMs }) => timesMs),
      0.99,
    );
    console.log(
      `stores: ${store}, ${writers} ${writers === 1 ? 'writer' : 'writers'}: ${contender.name}: ${rateOf(results, contender).toFixed(0)} appends/s, ` +
        `99 of 100 within ${p99.toFixed(1)} ms (${rounds} rounds)`,
    );
  }
};

const compare = (
  store: string,
  { writers }: Load,
  results: Results,
  [a, b]: readonly [Contender, Contender],
  goal: string,
): void => {
  const ratio = rateOf(results, a) / rateOf(results, b);
  console.log(
    `stores: ${store}, ${writers} ${writers === 1 ? 'writer' : 'writers'}: ${a.name} appends ${ratio.toFixed(2)} times as fast as ${b.name} (goal: ${goal})`,
  );
};
