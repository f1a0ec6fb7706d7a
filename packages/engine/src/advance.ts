/** Takes one deployment as far as it can go now: asks core what is owed, performs it, records the outcome, asks again. */
import {
  type Bookkeeping,
  type CancelSignal,
  type Deployment,
  type DeploymentCommand,
  type DeploymentId,
  type DeploymentRequest,
  type Effect,
  type Environment,
  isAutomatic,
  kindOf,
  next,
  type Policy,
  type PortError,
  type Rejection,
  type Step,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { match } from 'ts-pattern';
import type { Activity } from './activity.ts';
import type { Cause, Journal } from './journal.ts';
import { performBounded } from './perform/bounded.ts';
import type { Ports } from './ports.ts';
import type { Loaded } from './recent-states.ts';

export type Advancing = Readonly<{ ports: Ports; journal: Journal; policy: Policy; activity: Activity }>;

type Known = Loaded<Deployment>;

/** `stopped`: this worker is ending, somebody else must go on. */
export type Advanced = 'done' | 'waiting' | 'stopped';

/** How a worker ends: first it begins nothing new, then it lets go of what is under way. */
export type Ending = Readonly<{ beginNothing: CancelSignal; letGo: CancelSignal }>;

/** A deployment has some twenty steps; this many means that it goes in circles. */
const STEPS_MAX = 500;

export const advance = async (advancing: Advancing, id: DeploymentId, ending: Ending): Promise<Advanced> => {
  const { journal } = advancing;
  let known = await journal.deployment(id);
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const { request } = known.state;
    if (request === null) return 'done';
    if (ending.beginNothing.aborted) return 'stopped';
    const { state: environment } = await journal.environment(request.environment);
    const step = owed(advancing, known.state, environment);
    if (step.type === 'Done') return 'done';
    if (step.type === 'Wait') {
      await wakeLater(advancing, id, step);
      return 'waiting';
    }
    const after =
      'effect' in step
        ? await performStep(advancing, request, step, known, ending.letGo)
        : await keepBooks(advancing, request, step, known);
    if (after === 'waiting') return after;
    known = after;
  }
  throw new Error(`Deployment ${id} took ${STEPS_MAX} steps without coming to rest.`);
};

/**
 * When a step is tried again was written by the clock of whoever failed. What lies further away than any pause there is
 * was written by a wrong one, and is due: too early does no harm, and too late could be an hour.
 */
const owed = ({ ports, policy }: Advancing, deployment: Deployment, environment: Environment): Step => {
  const now = ports.clock.now();
  const step = next(deployment, environment, now);
  const longestMs = Math.max(...Object.values(policy).map(({ backoffMaxMs }) => backoffMaxMs));
  const absurd = step.type === 'Wait' && step.until !== null && step.until - now > longestMs;
  return absurd ? next(deployment, environment, step.until) : step;
};

const wakeLater = async ({ ports }: Advancing, id: DeploymentId, wait: Extract<Step, { type: 'Wait' }>) => {
  // Without a time it is woken by whoever it waits for; should that be lost, by the sweeper.
  if (wait.until === null) return;
  await ports.queue.enqueue({ v: 1, deploymentId: id }, { delayMs: Math.max(0, wait.until - ports.clock.now()) })();
};

const causeOf = (request: DeploymentRequest, causationId: string): Cause => ({
  actor: 'recourse',
  correlationId: request.deployment,
  causationId,
});

/** Intent, effect, outcome. What came of a step that somebody else took over is not recorded. */
const performStep = async (
  advancing: Advancing,
  request: DeploymentRequest,
  effect: Effect,
  known: Known,
  letGo: CancelSignal,
): Promise<Known> => {
  const { ports, journal, policy } = advancing;
  const { deployment } = request;
  const cause = causeOf(request, effect.key);
  const decide = (command: DeploymentCommand, from: Known) =>
    journal.decideDeployment(deployment, command, cause, from);
  const stepPolicy = policy[effect.effect];
  const { effect: step, attempt, run, key } = effect;

  const now = ports.clock.now();
  const begun = await decide({ type: 'BeginStep', step: { step, attempt, run, key }, now, policy: stepPolicy }, known);
  if (E.isLeft(begun)) return journal.deployment(deployment);
  if (begun.right.state.underWay?.key !== key) return begun.right;

  const outcome = await performBounded(advancing, effect, request, letGo);
  if (outcome === 'abandoned') return journal.deployment(deployment);
  if (E.isRight(outcome) && outcome.right === null) return release(advancing, request, begun.right);
  const command: DeploymentCommand | null = E.isRight(outcome)
    ? outcome.right
    : {
        type: 'RecordFailure',
        step,
        attempt,
        key,
        error: toFailure(outcome.left),
        now: ports.clock.now(),
        policy: stepPolicy,
      };
  if (command === null) return begun.right;
  const recorded = await orReload(advancing, deployment, await decide(command, begun.right));
  if (command.type === 'RecordPromoted') await wakeWaiting(advancing, request);
  return recorded;
};

/** Somebody else was faster: what they wrote is what counts. */
const orReload = async (
  { journal }: Advancing,
  id: DeploymentId,
  decided: E.Either<Rejection, Known>,
): Promise<Known> => (E.isRight(decided) ? decided.right : journal.deployment(id));

const toFailure = ({ kind, code, message }: PortError) => ({
  kind,
  code: code.slice(0, 128),
  message: message.slice(0, 4000).toWellFormed().replaceAll('\0', ''),
});

const keepBooks = async (
  advancing: Advancing,
  request: DeploymentRequest,
  step: Bookkeeping,
  known: Known,
): Promise<Known | 'waiting'> => {
  const { journal } = advancing;
  const { deployment } = request;
  const cause = causeOf(request, deployment);
  const decide = async (command: DeploymentCommand) =>
    orReload(advancing, deployment, await journal.decideDeployment(deployment, command, cause, known));

  return match(step)
    .returnType<Promise<Known | 'waiting'>>()
    .with({ type: 'Admit' }, async () => {
      const admit = { type: 'Admit', deployment, kind: kindOf(request), automatic: isAutomatic(request) } as const;
      const admitted = await journal.decideEnvironment(request.environment, admit, cause);
      // It had its turn already: what is known here of this deployment is out of date.
      if (E.isLeft(admitted)) return journal.deployment(deployment);
      const { slot } = admitted.right.state;
      return slot?.deployment === deployment ? decide({ type: 'RecordAdmitted', fence: slot.fence }) : known;
    })
    .with({ type: 'Preempt' }, async ({ holder }) => {
      const reason = `The rollback ${deployment} goes ahead.`;
      await journal.decideDeployment(holder, { type: 'Cancel', actor: 'recourse', reason }, cause);
      advancing.activity.cancel(holder);
      await wake(advancing, holder);
      return 'waiting';
    })
    .with({ type: 'Supersede' }, async ({ by }) => {
      // Cancelled before it came to stand in line: it has to leave the line, and nobody makes room for it.
      const { ending } = (await journal.deployment(by)).state;
      if (ending === null) return decide({ type: 'Supersede', by });
      await wake(advancing, by);
      return 'waiting';
    })
    .with({ type: 'AbortPromotion' }, async ({ fence }) => {
      const reason = known.state.failing?.error.message ?? 'The promotion failed.';
      const abort = { type: 'Abort', deployment, fence, reason: reason.slice(0, 1000) } as const;
      await journal.decideEnvironment(request.environment, abort, cause);
      return journal.deployment(deployment);
    })
    .with({ type: 'Activate' }, async ({ fence, previous }) => {
      await wakeWaiting(advancing, request);
      return decide({ type: 'RecordPromoted', fence, previous, durationMs: 0 });
    })
    .with({ type: 'ReleaseSlot' }, () => release(advancing, request, known))
    .exhaustive();
};

/** The deployment has nothing left to do or to give back. */
const release = async (advancing: Advancing, request: DeploymentRequest, known: Known): Promise<Known> => {
  const { deployment, environment } = request;
  await tellWhatWasReplaced(advancing, request);
  const command = { type: 'Release', deployment } as const;
  await advancing.journal.decideEnvironment(environment, command, causeOf(request, deployment));
  await wakeWaiting(advancing, request);
  return known;
};

/**
 * What it replaced was replaced, also where its retirement was given up: nobody else would write that down if the
 * instance is gone by now. If it is not, the reaper stops it.
 */
const tellWhatWasReplaced = async ({ journal }: Advancing, request: DeploymentRequest): Promise<void> => {
  for (const { by, previous } of (await journal.environment(request.environment)).state.retiring) {
    const { key, release: replaced } = previous;
    if (by !== request.deployment) continue;
    await journal.decideDeployment(replaced.deployment, { type: 'Retire', by, key }, causeOf(request, key));
  }
};

/** The slot is free: whoever stands in line may come. */
const wakeWaiting = async (advancing: Advancing, { environment }: DeploymentRequest): Promise<void> => {
  const { state } = await advancing.journal.environment(environment);
  if (state.slot === null) for (const { deployment } of state.waiting) await wake(advancing, deployment);
};

/** A wake-up that is lost is made good by the sweeper. */
const wake = async ({ ports }: Advancing, deploymentId: DeploymentId): Promise<void> => {
  await ports.queue.enqueue({ v: 1, deploymentId })();
};
