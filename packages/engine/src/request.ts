/** Asks for a deployment, a rollback, a cancellation. One command id makes one deployment, at any concurrency. */
import {
  type Deployment,
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
import type { DeployCommand, RollbackCommand } from './input.ts';
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

export const requestRollback = async (
  advancing: Advancing,
  command: RollbackCommand,
  agreed: RollbackPlan | null,
): Answer => {
  const deployment = idOf(advancing, command);
  const { state: existing } = await advancing.journal.deployment(deployment);
  if (existing.request !== null) return repeated(command, existing);

  const planned = await planFor(advancing, command);
  if (E.isLeft(planned)) return planned;
  const plan = planned.right;
  if (agreed !== null && (agreed.live !== plan.live || agreed.target.deployment !== plan.target.deployment))
    return E.left({ code: 'StalePlan', planned: agreed.live, live: plan.live });
  const busy = await underWay(advancing, plan);
  if (busy === deployment) return repeated(command, (await advancing.journal.deployment(deployment)).state);
  if (busy !== null) return E.left({ code: 'EnvironmentBusy', environment: command.environment, with: busy });

  const { environment, acceptMovedRef, actor, reason } = command;
  const { target, config, configMode } = plan;
  const asked = await request(advancing, command, {
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
  // Another copy of this very click was first, and saw another release live: its answer is the answer.
  if (E.isRight(asked) || asked.left.code !== 'CommandReused') return asked;
  return repeated(command, (await advancing.journal.deployment(deployment)).state);
};

/** The same click again: the same answer, whatever became live since. */
const repeated = (command: RollbackCommand, { request: made }: Deployment): E.Either<Rejection, Requested> => {
  if (made === null) return E.left({ code: 'NotRequested' });
  const { deployment } = made;
  const same =
    made.type === 'RollbackRequested' &&
    made.environment === command.environment &&
    made.configMode === command.config &&
    made.acceptMovedRef === command.acceptMovedRef &&
    (command.target === undefined || command.target === made.target.deployment);
  return same ? E.right({ deployment }) : E.left({ code: 'CommandReused', deployment });
};

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
