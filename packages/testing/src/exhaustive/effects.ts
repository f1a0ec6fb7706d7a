/** Every outcome of every step that can be owed, the good one first. */
import {
  type CommitId,
  type DeploymentCommand,
  type Effect,
  type Failure,
  type Image,
  kindOf,
  type Policy,
  type PortError,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { commitNamed } from '../arbitraries/walk/effects.ts';
import { permanent, transient } from '../arbitraries/walk/script.ts';
import { NOW } from './books.ts';
import { type Exploring, environmentIndexOf, type Move, moved, tellDeployment, tellEnvironment } from './move.ts';
import { type Applied, build, checkHealth, findingOf, isServing, point, pull, right, start, stop } from './outside.ts';
import { at, idOf, resting, type Worker, type World } from './world.ts';

/** A worker of a world, and the world without what it is in the middle of. */
export type Turn = Readonly<{ exploring: Exploring; world: World; place: number; who: number }>;

/** A branch moves on with every deployment. */
const tipFor = (who: number) => commitNamed(`main as ${idOf(who)} finds it`);

const wrongCommit = commitNamed('somewhere else');
const durationMs = 1;

export const goOn = (world: World, place: number, worker: Worker): World => ({
  ...world,
  workers: world.workers.map((one, index) => (index === place ? worker : one)),
});

const spent = (world: World): World => ({ ...world, faultsLeft: world.faultsLeft - 1 });

const tell = (who: number, command: DeploymentCommand): Worker => ({ at: 'telling', who, command });

const failedWith = ({ exploring, who }: Turn, { effect: step, attempt, key }: Effect, error: PortError): Worker => {
  const failure: Failure = { kind: error.kind, code: error.code, message: error.message };
  const policy = exploring.policy[step];
  return tell(who, { type: 'RecordFailure', step, attempt, key, error: failure, now: NOW, policy });
};

export const beginOf = (policy: Policy, effect: Effect, run: number): DeploymentCommand => {
  const { effect: step, attempt, key } = effect;
  return { type: 'BeginStep', step: { step, attempt, run, key }, now: NOW, policy: policy[step] };
};

/**
 * A request: carried out, or never arrived, or carried out without an answer, or refused for a reason of its own. That
 * a worker dies before or after it is a move of its own.
 */
const asked = <A>(
  turn: Turn,
  effect: Effect,
  applied: Applied<A>,
  then: (value: A) => Worker,
  name: string = effect.effect,
): Move[] => {
  const { world, place } = turn;
  const { answer, broken } = applied;
  const said = `${name} of ${idOf(turn.who)}`;
  const good = E.isRight(answer) ? then(answer.right) : failedWith(turn, effect, answer.left);
  const told = E.isRight(answer) ? 'is done' : `fails: ${answer.left.code}`;
  const moves = [moved(`${said} ${told}`, goOn(applied.world, place, good), { broken, peace: place, place })];
  if (world.faultsLeft === 0) return moves;
  const fails = (what: string, after: World, error: PortError): number =>
    moves.push(moved(`${said} ${what}`, goOn(spent(after), place, failedWith(turn, effect, error)), { broken, place }));
  fails('does not arrive', world, transient('explored/unreachable'));
  fails('fails for good', world, permanent('explored/refused'));
  if (applied.world !== world) fails('is done, and no answer comes', applied.world, transient('explored/no-answer'));
  return moves;
};

/** What goes wrong in a way of its own, and is told as an outcome. */
const alsoTold = ({ world, place, who }: Turn, what: string, after: World, command: DeploymentCommand): Move[] =>
  world.faultsLeft === 0
    ? []
    : [moved(`${what} of ${idOf(who)}`, goOn(spent(after), place, tell(who, command)), { place })];

export const perform = (turn: Turn, effect: Effect): Move[] => {
  const { exploring, world, who } = turn;
  const of = { key: effect.key, attempt: effect.attempt };
  const telling = (command: DeploymentCommand): Worker => tell(who, command);
  switch (effect.type) {
    case 'ResolveSource':
      return asked(turn, effect, right(world, tipFor(who)), (commit) =>
        telling({ type: 'RecordResolved', ...of, commit }),
      );
    case 'ProbeImage':
      return asked(turn, effect, right(world, findingOf(world, effect.image.digest)), (finding) =>
        telling({ type: 'RecordProbe', ...of, finding }),
      );
    case 'PullImage':
      return asked(turn, effect, pull(world, effect), (image) =>
        telling({ type: 'RecordPulled', ...of, image, durationMs }),
      );
    case 'Build':
      return builds(turn, effect);
    case 'Start':
      return asked(turn, effect, start(world, effect, idOf(who)), (instance) =>
        telling({ type: 'RecordStarted', ...of, instance, durationMs }),
      );
    case 'CheckHealth':
      return checks(turn, effect);
    case 'Promote':
      return asked(turn, effect, lastLook(world, effect), () => ({ at: 'looked', who, effect }), 'last look');
    case 'RestoreTraffic': {
      const { upstream, fence } = effect;
      const applied = point(exploring, world, environmentIndexOf(exploring, who), { upstream, fence });
      return asked(turn, effect, staleIsFine(applied), () => telling({ type: 'RecordRestored', ...of }));
    }
    case 'RetirePrevious':
      return confirms(turn, effect);
    case 'StopInstance':
      return asked(turn, effect, stop(world, effect.key), () => telling({ type: 'RecordStopped', key: effect.key }));
  }
};

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

const builds = (turn: Turn, effect: Of<'Build'>): Move[] => {
  const { key, attempt, commit, inputs } = effect;
  const runnable = inputs.preset !== 'static' || inputs.runnable;
  const told = (image: Image, of: CommitId): DeploymentCommand => ({
    type: 'RecordBuilt',
    key,
    attempt,
    built: { image, commit: of, runnable },
    durationMs,
  });
  const wrong = build(turn.world, key, wrongCommit);
  return [
    ...asked(turn, effect, build(turn.world, key, commit), (image) => tell(turn.who, told(image, commit))),
    ...(E.isRight(wrong.answer)
      ? alsoTold(turn, 'another commit is built in the build', wrong.world, told(wrong.answer.right, wrongCommit))
      : []),
  ];
};

const checks = (turn: Turn, effect: Of<'CheckHealth'>): Move[] => {
  const { key, attempt } = effect;
  const told = (healthy: boolean) =>
    ({
      type: 'RecordHealth',
      key,
      attempt,
      healthy,
      attempts: 1,
      durationMs,
      detail: healthy ? '200' : '500',
    }) as const;
  return [
    ...asked(turn, effect, checkHealth(turn.world, effect), (healthy) => tell(turn.who, told(healthy))),
    ...alsoTold(turn, 'illness is found by check-health', turn.world, told(false)),
  ];
};

const lastLook = (world: World, { instanceKey, instance }: Of<'Promote'>): Applied<void> =>
  isServing(world, instanceKey, instance)
    ? right(world, undefined)
    : { world, answer: E.left(permanent('health/lost')), broken: [] };

const staleIsFine = (applied: Applied<void>): Applied<void> =>
  E.isLeft(applied.answer) && applied.answer.left.code === 'router/stale-fence'
    ? { ...applied, answer: E.right(undefined) }
    : applied;

/** The last look was good: switch the traffic. */
export const switches = (turn: Turn, effect: Of<'Promote'>): Move[] => {
  const { exploring, world, who } = turn;
  const route = { upstream: effect.instance, fence: effect.release.fence };
  const applied = point(exploring, world, environmentIndexOf(exploring, who), route);
  return asked(turn, effect, applied, () => ({ at: 'switched', who, effect }), 'switch');
};

/** The traffic is switched: let the environment say so. */
export const activates = (turn: Turn, effect: Of<'Promote'>): Move[] => {
  const { exploring, world, place, who } = turn;
  const { release, instanceKey: key, instance } = effect;
  const { request } = at(world.deployments, who);
  if (request === null) return [];
  const command = { type: 'Activate', release, key, instance, kind: kindOf(request) } as const;
  const told = tellEnvironment(exploring, world, environmentIndexOf(exploring, who), command);
  const promoted = { type: 'RecordPromoted', fence: release.fence, previous: null, durationMs } as const;
  const after = told.refused === null ? tell(who, promoted) : failedWith(turn, effect, permanent('engine/stale-fence'));
  return [moved(`activation of ${idOf(who)}`, goOn(told.world, place, after), { ...told, peace: place, place })];
};

/** Reads where the traffic belongs, to have the router confirm it before anything is stopped. */
const confirms = (turn: Turn, effect: Of<'RetirePrevious'>): Move[] => {
  const { exploring, world, place, who } = turn;
  const { live } = at(world.environments, environmentIndexOf(exploring, who));
  if (live === null) return [];
  const route = { upstream: live.instance, fence: live.routeFence };
  const after = goOn(world, place, { at: 'confirming', who, effect, route });
  return [moved(`${idOf(who)} reads where the traffic belongs`, after, { peace: place, place })];
};

export const drains = (turn: Turn, { effect, route }: Extract<Worker, { at: 'confirming' }>): Move[] => {
  const { exploring, world, who } = turn;
  const applied = point(exploring, world, environmentIndexOf(exploring, who), route);
  return asked(turn, effect, staleIsFine(applied), () => ({ at: 'drained', who, effect }), 'confirmation of the route');
};

export const stops = (turn: Turn, effect: Of<'RetirePrevious'>): Move[] =>
  asked(
    turn,
    effect,
    stop(turn.world, effect.previous.key),
    () => ({ at: 'stopped', who: turn.who, effect }),
    'stop of the one before',
  );

/** What was replaced is told by whom, in its own stream; then there is nothing left to do in the environment. */
export const retires = ({ exploring, world, place, who }: Turn, { previous }: Of<'RetirePrevious'>): Move[] => {
  const replaced = world.deployments.findIndex(({ request }) => request?.deployment === previous.release.deployment);
  const told = tellDeployment(exploring, world, replaced, { type: 'Retire', by: idOf(who), key: previous.key });
  const after = goOn(told.world, place, { at: 'owing', who, step: { type: 'ReleaseSlot' } });
  return [moved(`${idOf(replaced)} is retired by ${idOf(who)}`, after, { ...told, peace: place, place })];
};

export const rested = (world: World, place: number): World => goOn(world, place, resting);
