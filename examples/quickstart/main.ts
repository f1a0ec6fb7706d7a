import { answered, open } from './platform.ts';
import { commit, environment, workload } from './shop.ts';

const { recourse, served, close } = await open();

for (const version of ['v1', 'v2']) {
  const order = { environment, source: commit(version), workload, actor: 'ada' };
  const { deployment } = answered(await recourse.deploy(order));
  console.log(`${version} is ${answered(await recourse.settled(deployment))}; ${await served()} answers`);
}

const plan = answered(await recourse.planRollback({ environment }));
console.log(`${plan.decision.type}: ${plan.steps.join(', ')}`);

const { deployment } = answered(await recourse.rollback({ plan, actor: 'ada', reason: 'checkout is down' }));
console.log(`the rollback is ${answered(await recourse.settled(deployment))}; ${await served()} answers`);

await close();
