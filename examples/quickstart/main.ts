import { createRecourse, orFault } from '@recourse/engine';
import { gitSources } from '@recourse/git';
import { localEngine } from '@recourse/local';
import { cryptoIds, environmentSecrets, httpHealthProbe, systemClock } from '@recourse/node';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { openSqliteStore } from '@recourse/store-sqlite';
import { answered, cleanUp, commit, environment, folder, workload } from './shop.ts';

const store = await orFault(openSqliteStore({ file: `${folder}/recourse.db` }));
const proxy = inProcessProxy({ environmentOf: onlyEnvironment(environment) });
const engine = localEngine({ directory: `${folder}/engine` });
const recourse = createRecourse({
  ...engine, // images, builder, runtime
  store: store.events,
  snapshots: store.snapshots,
  queue: store.queue,
  sources: gitSources({ cacheDirectory: `${folder}/git`, allowedTransports: ['file'] }),
  router: proxy.router,
  health: httpHealthProbe(),
  secrets: environmentSecrets({ variables: process.env, fingerprintKey: 'sixteen characters or more' }),
  clock: systemClock(),
  ids: cryptoIds(),
});
const worker = recourse.work();
const { port } = await proxy.listen({ port: 0 });
const served = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();

for (const version of ['v1', 'v2']) {
  const order = { environment, source: commit(version), workload, actor: 'ada' };
  const { deployment } = answered(await recourse.deploy(order));
  console.log(`${version} is ${answered(await recourse.settled(deployment))}; ${await served()} answers`);
}

const plan = answered(await recourse.planRollback({ environment }));
console.log(`${plan.decision.type}: ${plan.steps.join(', ')}`);

const { deployment } = answered(await recourse.rollback({ plan, actor: 'ada', reason: 'checkout is down' }));
console.log(`the rollback is ${answered(await recourse.settled(deployment))}; ${await served()} answers`);

await worker.stop();
await proxy.close();
store.close();
await cleanUp(engine.runtime);
