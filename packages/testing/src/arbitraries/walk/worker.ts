/** A worker: asks core what is owed, performs it, records the outcome, asks again. Everything it knows may be old. */
import {
  type Bookkeeping,
  type Deployment,
  type DeploymentCommand,
  type DeploymentId,
  type DeploymentRequest,
  decideDeployment,
  defaultPolicy,
  type Effect,
  isAutomatic,
  kindOf,
  next,
  type Step,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { perform } from './effects.ts';
import { decideFor, decideInEnvironment, type Known, load } from './journal.ts';
import type { Script } from './script.ts';
import { deploymentOf, type Walking } from './world.ts';

type After = Known<Deployment> | 'waits';

export function* work(walking: Walking, id: DeploymentId, saw: (step: Step) => void): Script<void> {
  let known = load(walking, id);
  for (;;) {
    const { request } = known.state;
    if (request === null) return;
    yield null;
    const { state: environment } = walking.world.environment;
    yield null;
    const step = next(known.state, environment, walking.world.now);
    saw(step);
    if (environment === walking.world.environment.state) expectAllowed(walking, id, step, known);
    if (step.type === 'Done' || step.type === 'Wait') return;
    const after: After =
      'effect' in step
        ? yield* performStep(walking, request, step, known)
        : yield* keepBooks(walking, request, step, known);
    if (after === 'waits') return;
    known = after;
  }
}

/** What is owed by the facts of this moment may be begun in this moment. */
const expectAllowed = ({ world }: Walking, id: DeploymentId, step: Step, known: Known<Deployment>): void => {
  if (!('effect' in step) || known.version !== deploymentOf(world, id).events.length) return;
  const { effect, attempt, run, key } = step;
  const policy = defaultPolicy[effect];
  const begin = { type: 'BeginStep', step: { step: effect, attempt, run, key }, now: world.now, policy } as const;
  const allowed = decideDeployment(begin, known.state);
  if (E.isLeft(allowed)) world.violations.push(`${effect} of ${id} is owed and refused: ${allowed.left.code}`);
};

function* performStep(
  walking: Walking,
  request: DeploymentRequest,
  effect: Effect,
  known: Known<Deployment>,
): Script<After> {
  const { deployment } = request;
  const { effect: step, attempt, run, key } = effect;
  const policy = defaultPolicy[step];
  const { now } = walking.world;
  const begin = { type: 'BeginStep', step: { step, attempt, run, key }, now, policy } as const;
  const begun = yield* decideFor(walking, deployment, begin, known);
  if (E.isLeft(begun)) return load(walking, deployment);
  if (begun.right.state.underWay?.key !== key) return begun.right;
  expectIntent(walking, deployment, effect);

  const outcome = yield* perform(walking, effect, request);
  if (E.isRight(outcome) && outcome.right === null) {
    yield* decideInEnvironment(walking, { type: 'Release', deployment });
    return load(walking, deployment);
  }
  const failure = E.isLeft(outcome) ? { kind: outcome.left.kind, code: outcome.left.code, message: '\0\udc00' } : null;
  const command: DeploymentCommand =
    E.isRight(outcome) && outcome.right !== null
      ? outcome.right
      : { type: 'RecordFailure', step, attempt, key, error: failure ?? unknown, now: walking.world.now, policy };
  const recorded = yield* decideFor(walking, deployment, command, begun.right);
  return E.isRight(recorded) ? recorded.right : load(walking, deployment);
}

const unknown = { kind: 'transient', code: 'walk/unknown', message: '' } as const;

/** Nothing is done that was not announced. */
const expectIntent = ({ world }: Walking, id: DeploymentId, { effect, attempt, key }: Effect): void => {
  const announced = deploymentOf(world, id).events.some(
    (event) => event.type === 'StepStarted' && event.step === effect && event.attempt === attempt && event.key === key,
  );
  if (!announced) world.violations.push(`${effect} of ${id} was begun without intent`);
};

function* keepBooks(
  walking: Walking,
  request: DeploymentRequest,
  step: Bookkeeping,
  known: Known<Deployment>,
): Script<After> {
  const { deployment } = request;
  switch (step.type) {
    case 'Admit': {
      const admit = { type: 'Admit', deployment, kind: kindOf(request), automatic: isAutomatic(request) } as const;
      const admitted = yield* decideInEnvironment(walking, admit);
      const slot = E.isRight(admitted) ? admitted.right.state.slot : null;
      if (slot?.deployment === deployment)
        yield* decideFor(walking, deployment, { type: 'RecordAdmitted', fence: slot.fence }, known);
      break;
    }
    case 'Preempt':
      yield* decideFor(walking, step.holder, { type: 'Cancel', actor: 'recourse', reason: null });
      return 'waits';
    case 'Supersede':
      yield* decideFor(walking, deployment, { type: 'Supersede', by: step.by }, known);
      break;
    case 'AbortPromotion':
      yield* decideInEnvironment(walking, { type: 'Abort', deployment, fence: step.fence, reason: '\ud800' });
      break;
    case 'Activate': {
      const { fence, previous } = step;
      yield* decideFor(walking, deployment, { type: 'RecordPromoted', fence, previous, durationMs: 0 }, known);
      break;
    }
    case 'ReleaseSlot':
      yield* decideInEnvironment(walking, { type: 'Release', deployment });
  }
  return load(walking, deployment);
}
