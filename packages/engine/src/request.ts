/** Asks for a deployment, a rollback, a cancellation. One command id makes one deployment, at any concurrency. */
import {
  DeploymentId,
  type DeploymentRequest,
  type EnvironmentId,
  isAutomatic,
  kindOf,
  type Rejection,
  type RollbackPlan,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Advancing } from './advance.ts';
import type { AgreedPlan, DeployCommand, RollbackCommand } from './input.ts';
import type { Cause } from './journal.ts';
import { planFor } from './plan.ts';

export type Requested = Readonly<{ deployment: DeploymentId }>;
type Answer = Promise<E.Either<Rejection, Requested>>;

type Asked = Readonly<{ environment: EnvironmentId; actor: string; commandId?: string | undefined }>;

const idOf = ({ ports: { ids } }: Advancing, { environment, commandId }: Asked): DeploymentId =>
  DeploymentId.parse(commandId === undefined ? ids.next() : ids.derive('deployment', environment, commandId));

export const requestDeploy = async (advancing: Advancing, command: DeployCommand): Answer => {
  const { environment, source, workload, config, trigger, actor, reason } = command;
  const deployment = idOf(advancing, command);
  return request(advancing, command, {
    type: 'DeploymentRequested',
    deployment,
    environment,
    source,
    workload,
    config,
    trigger,
    actor,
    reason,
  });
};

/** Copies of one click may come at once, each seeing another moment: what one of them made is the answer to all. */
export const requestRollback = async (
  advancing: Advancing,
  command: RollbackCommand,
  agreed: AgreedPlan | null,
): Answer => {
  const deployment = idOf(advancing, command);
  const before = await repeated(advancing, command, deployment);
  if (before !== null) return before;

  const plan = await planned(advancing, command, agreed);
  const asked = E.isLeft(plan) ? plan : await request(advancing, command, rollbackOf(deployment, command, plan.right));
  if (E.isRight(asked)) return asked;
  return (await repeated(advancing, command, deployment)) ?? asked;
};

/** The same click again: the same answer, whatever became live since. Null: nothing was made of it yet. */
const repeated = async (
  advancing: Advancing,
  command: RollbackCommand,
  deployment: DeploymentId,
): Promise<E.Either<Rejection, Requested> | null> => {
  const { request: made } = (await advancing.journal.deployment(deployment)).state;
  if (made === null) return null;
  const same =
    made.type === 'RollbackRequested' &&
    made.environment === command.environment &&
    made.configMode === command.config &&
    made.acceptMovedRef === command.acceptMovedRef &&
    (command.target === undefined || command.target === made.target.deployment);
  return same ? request(advancing, command, made) : E.left({ code: 'CommandReused', deployment });
};

const planned = async (
  advancing: Advancing,
  command: RollbackCommand,
  agreed: AgreedPlan | null,
): Promise<E.Either<Rejection, RollbackPlan>> => {
  const made = await planFor(advancing, command);
  if (E.isLeft(made)) return made;
  const plan = made.right;
  if (agreed !== null && (agreed.live !== plan.live || agreed.target.deployment !== plan.target.deployment))
    return E.left({ code: 'StalePlan', planned: agreed.live, live: plan.live });
  const busy = await underWay(advancing, plan);
  return busy === null ? made : E.left({ code: 'EnvironmentBusy', environment: command.environment, with: busy });
};

const rollbackOf = (
  deployment: DeploymentId,
  { environment, acceptMovedRef, actor, reason }: RollbackCommand,
  { target, config, configMode }: RollbackPlan,
): DeploymentRequest => ({
  type: 'RollbackRequested',
  deployment,
  environment,
  target,
  configMode,
  config,
  acceptMovedRef,
  actor,
  reason,
});

/** A rollback to the very same release that has not ended yet. */
const underWay = async ({ journal }: Advancing, plan: RollbackPlan): Promise<DeploymentId | null> => {
  const { slot, waiting } = (await journal.environment(plan.environment)).state;
  for (const { deployment, kind } of slot === null ? waiting : [slot, ...waiting]) {
    if (kind !== 'rollback') continue;
    const { request: other, ending } = (await journal.deployment(deployment)).state;
    const sameTarget = other?.type === 'RollbackRequested' && other.target.origin === plan.target.origin;
    if (sameTarget && ending === null) return deployment;
  }
  return null;
};

/** The request is written before anybody is woken: a wake-up that is lost then costs time, never the deployment. */
const request = async (advancing: Advancing, asked: Asked, requested: DeploymentRequest): Answer => {
  const { deployment } = requested;
  const cause: Cause = {
    actor: asked.actor,
    correlationId: deployment,
    causationId: asked.commandId ?? deployment,
  };
  const { journal } = advancing;
  const decided = await journal.decideDeployment(deployment, { type: 'Request', request: requested }, cause);
  if (E.isLeft(decided)) return decided;
  // Now, not when a worker comes to it: whoever was answered first is first in line, whatever becomes of its wake-up.
  const { ending, promoted } = decided.right.state;
  if (ending === null && !promoted) {
    const line = { deployment, kind: kindOf(requested), automatic: isAutomatic(requested) };
    await journal.decideEnvironment(requested.environment, { type: 'StandInLine', ...line }, cause);
  }
  await advancing.ports.queue.enqueue({ v: 1, deploymentId: deployment })();
  return E.right({ deployment });
};
