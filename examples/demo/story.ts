/** The story: two releases, a rollback by reuse, forward again, a prune, and a rollback by rebuild, all under load. */
import {
  type DeploymentId,
  deploymentEvents,
  type EnvironmentId,
  explainEvent,
  type Rejection,
  renderRejection,
} from '@recourse/core';
import { createRecourse, orFault, type Recourse, type Requested } from '@recourse/engine';
import { eventually, startTraffic, type Traffic } from '@recourse/testing';
import type { Either } from 'fp-ts/lib/Either.js';
import type { Platform } from './platform.ts';
import type { Repository } from './repository.ts';
import { aside, bad, good, say, title } from './screen.ts';
import { printHistory, printTimeline } from './timeline.ts';

const actor = 'ada';
/** Clients that pause leave the machine to what is shown. */
const load = { clients: 4, pauseMs: 2 };

/** Tells the story; true if everything was as it should be. */
export const tell = async (
  platform: Platform,
  repository: Repository,
  environment: EnvironmentId,
): Promise<boolean> => {
  const recourse = createRecourse(platform.options);
  const worker = recourse.work();
  const watching = new AbortController();
  const narration = narrate(recourse, watching.signal);
  const stage: Stage = { platform, repository, environment, recourse, faults: [] };
  try {
    await play(stage);
    await worker.stop();
    watching.abort();
    await narration;
    await printTimeline(platform.options.store);
    const history = answered(await recourse.history({ environment }));
    printHistory(history.entries);
  } finally {
    watching.abort();
    await worker.stop();
    await stopEverything(platform);
  }
  title(stage.faults.length === 0 ? 'Everything was as it should be' : 'Not everything was as it should be');
  for (const fault of stage.faults) bad(fault);
  return stage.faults.length === 0;
};

type Stage = Readonly<{
  platform: Platform;
  repository: Repository;
  environment: EnvironmentId;
  recourse: Recourse;
  faults: string[];
}>;

const play = async (stage: Stage): Promise<void> => {
  const { platform, recourse, environment } = stage;
  const traffic: { running: Traffic | null } = { running: null };
  try {
    title('Deploy v1');
    await deploy(stage, null, 'v1');
    const running = startTraffic({ url: platform.url, ...load });
    traffic.running = running;
    say(`${load.clients} clients ask ${platform.url} from now on, without an end`);

    title('Deploy v2');
    await deploy(stage, running, 'v2');

    title('Roll back to v1: its image is still here');
    await rollBack(stage, running, 'v1', 'Reuse');

    title('Roll forward to v2');
    await rollBack(stage, running, 'v2', 'Reuse');

    title('Prune the image of v1, and roll back to v1 once more');
    const [v1] = answered(await recourse.rollbackOptions(environment));
    if (v1 === undefined) throw new Error('v1 is not among the releases that can be gone back to');
    await retired(stage, v1.target.deployment);
    await orFault(platform.options.images.remove(v1.target.image.digest));
    say(`image ${v1.target.image.digest.slice(7, 19)} is removed`);
    await rollBack(stage, running, 'v1', 'Rebuild');
  } finally {
    const report = await traffic.running?.stop();
    if (report !== undefined) {
      title('The load');
      const each = Object.entries(report.byBody).map(([body, count]) => `${count} by ${body}`);
      const line = `${report.requests} requests: ${each.join(', ')}; ${report.failed} failed, ${report.stale} answered by what was replaced`;
      if (report.failed + report.stale === 0) good(line);
      else stage.faults.push(line, ...report.problems);
    }
  }
};

/** What it replaced may still be finishing its requests; an image that runs cannot be removed. */
const retired = ({ recourse, environment }: Stage, deployment: DeploymentId) =>
  eventually(
    async () => answered(await recourse.history({ environment })).entries,
    (entries) => entries.some((entry) => entry.deployment === deployment && entry.status === 'retired'),
  );

const deploy = async (stage: Stage, traffic: Traffic | null, release: string): Promise<void> => {
  const { platform, repository, environment, recourse } = stage;
  const commit = repository.release(release);
  say(`commit ${commit.slice(0, 7)} is ${release}`);
  traffic?.expect(null);
  const since = performance.now();
  const source = { kind: 'git', repository: repository.url, ref: 'main' } as const;
  const order = { environment, source, workload: platform.workload, actor, reason: `Release ${release}` };
  await becomesLive(stage, traffic, release, answered(await recourse.deploy(order)), since);
};

const rollBack = async (stage: Stage, traffic: Traffic, release: string, way: 'Reuse' | 'Rebuild'): Promise<void> => {
  const { environment, recourse } = stage;
  const plan = answered(await recourse.planRollback({ environment }));
  say(`the plan: ${plan.reasons.join(' ')}`);
  say(`  steps ${plan.steps.join(', ')}; ${plan.estimateMs === null ? 'no estimate' : `about ${plan.estimateMs} ms`}`);
  if (plan.decision.type !== way) stage.faults.push(`the plan for ${release} is ${plan.decision.type}, not ${way}`);
  traffic.expect(null);
  const since = performance.now();
  const asked = answered(await recourse.rollback({ plan, actor, reason: `${release} was better` }));
  await becomesLive(stage, traffic, release, asked, since);
};

const becomesLive = async (
  { recourse, platform, faults }: Stage,
  traffic: Traffic | null,
  release: string,
  asked: Requested,
  since: number,
): Promise<void> => {
  const outcome = answered(await recourse.settled(asked.deployment));
  const took = Math.round(performance.now() - since);
  traffic?.expect(release);
  const body = (await (await fetch(platform.url)).text()).trim();
  if (outcome === 'live' && body === release) good(`${release} serves, ${took} ms after it was asked for`);
  else
    faults.push(`${release} was to serve, but the deployment is ${outcome} and the answer is ${JSON.stringify(body)}`);
};

/** Says what happens as it happens; steps of the machine and lines of builds a little quieter. */
const narrate = async (recourse: Recourse, signal: AbortSignal): Promise<void> => {
  for await (const watched of recourse.watch({ signal, after: null })) {
    if (watched.type === 'progress') aside(watched.text.trimEnd());
    if (watched.type !== 'event') continue;
    const event = deploymentEvents.decode(watched.stored);
    const sentence = event._tag === 'Right' ? explainEvent(event.right) : null;
    if (sentence !== null) say(sentence);
  }
};

const stopEverything = async ({ options: { runtime } }: Platform): Promise<void> => {
  for (const { key } of await orFault(runtime.list())) await orFault(runtime.stop(key, { graceMs: 2_000 }));
};

const answered = <A>(answer: Either<Rejection, A>): A => {
  if (answer._tag === 'Right') return answer.right;
  const { message, remedy } = renderRejection(answer.left);
  throw new Error(`${answer.left.code}: ${message} ${remedy}`);
};
