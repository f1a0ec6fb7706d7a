/** Orders as a platform would give them, and what came of them. */
import { type DeploymentId, EnvironmentId, type Rejection } from '@recourse/core';
import type { DeployInput, HistoryEntry, Requested, Settled } from '@recourse/engine';
import type { Either } from 'fp-ts/lib/Either.js';
import { commitOf, type World } from './world.ts';

export const shop = EnvironmentId.parse('shop');

export const deployOf = (version: string, over: Partial<DeployInput> = {}): DeployInput => ({
  environment: shop,
  source: { kind: 'git', repository: 'https://git.example/shop', commit: commitOf(version) },
  workload: {
    build: { preset: 'dockerfile', dockerfile: 'Dockerfile' },
    run: { port: 80, health: { path: '/', withinMs: 300 }, drainMs: 100, stopGraceMs: 100 },
  },
  config: { variables: { VERSION: version } },
  actor: 'ada',
  ...over,
});

export const accepted = <A>(answer: Either<Rejection, A>): A => {
  if (answer._tag === 'Left') throw new Error(`refused: ${JSON.stringify(answer.left)}`);
  return answer.right;
};

export const refused = (answer: Either<Rejection, unknown>): Rejection => {
  if (answer._tag === 'Right') throw new Error(`accepted: ${JSON.stringify(answer.right)}`);
  return answer.left;
};

export const settled = async (
  { recourse }: Pick<World, 'recourse'>,
  asked: Either<Rejection, Requested> | Requested,
): Promise<Settled> => {
  const { deployment } = 'deployment' in asked ? asked : accepted(asked);
  return accepted(await recourse.settled(deployment));
};

/** Deploys these versions one after another; their ids. */
export const live = async (world: World, ...versions: readonly string[]): Promise<DeploymentId[]> => {
  const ids: DeploymentId[] = [];
  for (const version of versions) {
    const { deployment } = accepted(await world.recourse.deploy(deployOf(version)));
    const outcome = await settled(world, { deployment });
    if (outcome !== 'live') throw new Error(`${version} came out ${outcome}`);
    ids.push(deployment);
  }
  await atRest(world);
  return ids;
};

/** Which variables the instance that gets the traffic was started with. */
export const serving = ({ routes, running }: World): string | undefined => {
  const upstream = routes.get(shop)?.upstream;
  return [...running.values()].find(({ id }) => id === upstream?.id)?.order.variables['VERSION'];
};

export const entryOf = async (
  { recourse }: Pick<World, 'recourse'>,
  deployment: DeploymentId,
): Promise<HistoryEntry> => {
  const { entries } = accepted(await recourse.history({ environment: shop, limit: 200 }));
  const entry = entries.find((one) => one.deployment === deployment);
  if (entry === undefined || entry.status === 'unreadable') throw new Error(`no entry of ${deployment}`);
  return entry;
};

/** Until everything that was begun has been tidied up: one instance for what is live, and nobody at work. */
export const atRest = async (world: World, instances = 1): Promise<void> => {
  const until = Date.now() + 10_000;
  while (Date.now() < until) {
    const { entries } = accepted(await world.recourse.history({ environment: shop }));
    const busy = entries.some(({ status }) => status === 'in-flight' || status === 'waiting');
    const free = accepted(await world.recourse.rollbackOptions(shop)) !== undefined;
    if (!busy && free && world.running.size === instances) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not at rest: ${[...world.running.keys()].join(', ')} run; ${world.log.slice(-12).join(' | ')}`);
};
