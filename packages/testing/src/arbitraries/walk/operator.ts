/** Everybody who is not a worker: people who deploy, roll back and cancel, machines that push, engines that lose things. */
import {
  checkTarget,
  type DeploymentCommand,
  DeploymentId,
  type DeploymentRequest,
  decideDeployment,
  decideEnvironment,
  decideRestore,
  Instant,
  planRollback,
  type Source,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { findingOf, tipOf } from './effects.ts';
import { requestOf, sourcesAt } from './requests.ts';
import { appendToDeployment, appendToEnvironment, deploymentOf, ENVIRONMENT, type Walking } from './world.ts';

const one = <A>({ chance }: Walking, choices: readonly A[]): A | undefined => choices[chance.pick(choices.length)];

const send = ({ world }: Walking, id: DeploymentId, command: DeploymentCommand): void => {
  const { state, events } = deploymentOf(world, id);
  const decided = decideDeployment(command, state);
  if (E.isRight(decided)) appendToDeployment(world, id, events.length, decided.right);
};

const DEPLOYMENTS_MAX = 8;

const newId = ({ world }: Walking): DeploymentId => DeploymentId.parse(`d-${world.deployments.size + 1}`);

export const deploy = (walking: Walking): void => {
  const { world, chance } = walking;
  if (world.deployments.size >= DEPLOYMENTS_MAX) return;
  const source: Source = one(walking, sourcesAt(tipOf(world))) ?? sourcesAt(tipOf(world))[0];
  const deployment = newId(walking);
  const request = requestOf(deployment, source, { automatic: chance.odds(400), runnable: !chance.odds(250) });
  send(walking, deployment, { type: 'Request', request });
};

const rollBack = (walking: Walking): void => {
  const { world, chance } = walking;
  if (world.deployments.size >= DEPLOYMENTS_MAX) return;
  const target = one(walking, [...world.deployments.keys()]);
  if (target === undefined) return;
  const { state: was } = deploymentOf(world, target);
  const { state } = world.environment;
  const release = checkTarget(ENVIRONMENT, target, was, state);
  if (E.isLeft(release)) return;
  const acceptMovedRef = chance.odds(500);
  const unlooked = decideRestore({ target: release.right, finding: null, acceptMovedRef });
  const finding = unlooked.type === 'Probe' ? findingOf(world, unlooked.image) : null;
  const asked = { environment: ENVIRONMENT, state, durations: [was.durations], finding, acceptMovedRef } as const;
  const plan = planRollback({ ...asked, configMode: 'then' }, release.right);
  if (E.isLeft(plan)) return;
  const deployment = newId(walking);
  const { target: snapshot, config, configMode } = plan.right;
  const what = { deployment, environment: ENVIRONMENT, target: snapshot, config, configMode, acceptMovedRef };
  const request: DeploymentRequest = { type: 'RollbackRequested', ...what, actor: 'ada', reason: null };
  send(walking, deployment, { type: 'Request', request });
};

const cancel = (walking: Walking): void => {
  const id = one(walking, [...walking.world.deployments.keys()]);
  if (id !== undefined) send(walking, id, { type: 'Cancel', actor: 'ada', reason: null });
};

/** The same click, once more. */
const repeat = (walking: Walking): void => {
  const made = one(walking, [...walking.world.deployments.values()])?.state.request;
  if (made) send(walking, made.deployment, { type: 'Request', request: { ...made, actor: 'bob' } });
};

export const resume = ({ world }: Walking): void => {
  const { state, events } = world.environment;
  const decided = decideEnvironment({ type: 'ResumeAutoDeploy', actor: 'ada' }, state);
  if (E.isRight(decided)) appendToEnvironment(world, events.length, decided.right);
};

const prune = (walking: Walking): void => {
  const { here, registry, renamed } = walking.world.images;
  const digest = one(walking, [...here]);
  if (digest === undefined) return;
  here.delete(digest);
  if (walking.chance.odds(300)) registry.delete(digest);
  if (walking.chance.odds(300)) renamed.add(digest);
};

/** An app may end by itself; the one that has the traffic lives, for its end is nobody's decision. */
const die = (walking: Walking): void => {
  const { world } = walking;
  const entry = one(walking, [...world.running]);
  if (entry === undefined || world.route?.upstream?.id === entry[1].instance.id) return;
  world.running.set(entry[0], { ...entry[1], alive: false });
};

const push = ({ world }: Walking): void => {
  world.tip++;
};

export const pass = ({ world, chance }: Walking): void => {
  world.now = Instant.parse(world.now + chance.pick(12_000));
};

const deeds = [deploy, deploy, deploy, rollBack, rollBack, rollBack, cancel, repeat, resume, prune, prune, die, push];

export const act = (walking: Walking): void => {
  (one(walking, deeds) ?? pass)(walking);
};
