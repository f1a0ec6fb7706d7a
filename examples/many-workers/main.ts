/**
 * Three workers over one PostgreSQL, killed and frozen at random while people deploy and roll back, under load. Ends
 * with the proof that nothing was lost.
 */
import { orFault } from '@recourse/engine';
import { startTraffic, type Traffic, type TrafficReport } from '@recourse/testing';
import { giveOrders } from './operator.ts';
import { type Plan, readPlan, usage } from './plan.ts';
import { openPlatform } from './platform.ts';
import { startApi, startWorkers } from './processes.ts';
import { type Proof, prove } from './proof.ts';
import { type Services, startServices } from './services.ts';
import { createShop } from './shop.ts';
import { createTrouble } from './trouble.ts';

/** True if nothing was lost, doubled, stuck or wrong, and no request failed. */
const run = async (plan: Plan, { settings, urlOf }: Services): Promise<boolean> => {
  const shop = createShop(`${settings.folder}/repository`, 8);
  const environments = Array.from({ length: plan.environments }, (_, at) => `shop-${at + 1}`);
  const platform = await openPlatform(settings);
  const api = await startApi(settings);
  const workers = await startWorkers(plan.workers, settings);
  const trouble = createTrouble(workers, plan);
  const traffic: Traffic[] = [];
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1_000).toFixed(1);
  try {
    const orders = await giveOrders({
      api: api.url,
      shop,
      environments,
      orders: plan.orders,
      onServed: (environment) => {
        traffic.push(startTraffic({ url: urlOf(environment), clients: 1, pauseMs: 100 }));
      },
      onSettled: (done) => {
        trouble.after(done);
        if (done % 50 === 0) console.log(`${seconds()} s: ${done} of ${plan.orders} orders are settled`);
      },
    });
    await trouble.over();
    const proof = await prove({ platform, orders, environments, shop, urlOf });
    const load = await Promise.all(traffic.map(({ stop }) => stop()));
    console.log(`${plan.orders} orders, ${plan.kills} kills and ${plan.freezes} freezes in ${seconds()} s`);
    for (const [code, count] of orders.refused) console.log(`  ${count} more were refused: ${code}`);
    return tell(proof, load, orders.failures);
  } finally {
    await Promise.all(traffic.map(({ stop }) => stop()));
    await workers.stop();
    await api.stop();
    const { runtime } = platform.options;
    for (const { key } of await orFault(runtime.list())) await orFault(runtime.stop(key, { graceMs: 1_000 }));
    await platform.close();
  }
};

const tell = (proof: Proof, load: readonly TrafficReport[], failures: readonly string[]): boolean => {
  const { lost, doubled, stuck, wrong, endings } = proof;
  const sum = (of: 'requests' | 'failed') => load.reduce((total, report) => total + report[of], 0);
  for (const [ending, count] of endings) console.log(`  ${count} ${ending}`);
  console.log(`${sum('requests')} requests to the apps, ${sum('failed')} failed`);
  console.log(`${lost.length} lost, ${doubled.length} doubled, ${stuck.length} stuck, ${wrong.length} wrong`);
  const problems = [...lost, ...doubled, ...stuck, ...wrong, ...failures, ...load.flatMap((one) => one.problems)];
  for (const problem of problems) console.log(`  ✗ ${problem}`);
  return problems.length === 0;
};

const planned = (): Plan | null => {
  try {
    return readPlan(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    return null;
  }
};

const plan = planned();
if (plan === null) process.exitCode = 2;
else {
  const services = await startServices(plan.queue);
  try {
    process.exitCode = (await run(plan, services)) ? 0 : 1;
  } finally {
    await services.stop();
  }
}
