/** What a platform's people and webhooks ask for: drawn from the seed, zero being nothing at all. */
import type { EnvironmentId, Rejection, RollbackPlan } from '@recourse/core';
import type { DeployInput, Recourse } from '@recourse/engine';
import type { Either } from 'fp-ts/lib/Either.js';
import * as E from 'fp-ts/lib/Either.js';
import type { Moment } from '../choices.ts';
import { commitOf } from '../ports/engine.ts';
import { DRAIN_MS, HEALTHY_WITHIN_MS, STOP_GRACE_MS } from '../shape.ts';

export type Order = Readonly<{
  name: string;
  type: 'deploy' | 'rollback' | 'planned-rollback' | 'cancel' | 'resume' | 'look' | 'settled';
  environment: EnvironmentId;
  /** The deployment that its command id stands for, if it asks for one. */
  makes: string | null;
  /** Where a rollback is to go, as far as whoever asks says; absent for everything else. */
  target?: string;
  give(recourse: Recourse, people: People): Promise<Either<Rejection, unknown>>;
}>;

/** What people do besides asking. */
export type People = Readonly<{
  /** They read before they click. */
  pause(ms: number): Promise<void>;
  agree(plan: RollbackPlan): void;
}>;

export const repository = 'https://git.example/app';

type Drawing = Readonly<{
  name: string;
  environment: EnvironmentId;
  moment: Moment;
  /** Every deployment that was asked for in this environment, oldest first. */
  known: readonly string[];
  /** A new commit on the main branch. */
  push: () => string;
}>;

type Kind = (drawing: Drawing) => Order | null;

const run = {
  port: 80,
  health: { path: '/up', withinMs: HEALTHY_WITHIN_MS },
  drainMs: DRAIN_MS,
  stopGraceMs: STOP_GRACE_MS,
};

const builds = [
  { preset: 'dockerfile', dockerfile: 'Dockerfile' },
  { preset: 'static', directory: 'public', runnable: true },
  { preset: 'static', directory: 'public', runnable: false },
] as const;

const deployOrder = (drawing: Drawing, over: Pick<DeployInput, 'source'> & Partial<DeployInput>): Order => {
  const { name, environment, moment } = drawing;
  const secrets = moment.pick('secret', 3) === 1 ? { TOKEN: { reference: 'token', fingerprint: null } } : {};
  const input: DeployInput = {
    environment,
    workload: { build: builds[moment.pick('preset', 6)] ?? builds[0], run },
    config: { variables: { NAME: name }, secrets },
    actor: 'ada',
    commandId: name,
    ...over,
  };
  return {
    name,
    type: 'deploy',
    environment,
    makes: `${environment}-${name}`,
    give: (recourse) => recourse.deploy(input),
  };
};

const git = (commit: string | null, ref: string | null) => ({ kind: 'git', repository, commit, ref }) as const;

const deploy: Kind = (drawing) =>
  deployOrder(drawing, { source: git(commitOf(`${drawing.moment.pick('commit', 6)}`), null) });

const deployRef: Kind = (drawing) => deployOrder(drawing, { source: git(null, 'main') });

const push: Kind = (drawing) =>
  deployOrder(drawing, {
    source: git(drawing.push(), 'main'),
    trigger: drawing.moment.pick('by', 2) ? 'schedule' : 'push',
  });

const deployImage: Kind = (drawing) =>
  deployOrder(drawing, {
    source: { kind: 'image', reference: `registry.example/tool:v${drawing.moment.pick('tag', 4)}` },
    workload: { build: { preset: 'image' }, run },
  });

const rollback: Kind = ({ name, environment, moment, known }) => {
  const any = moment.pick('target', 4);
  const target = any < 2 ? undefined : any === 2 ? known[moment.pick('which', known.length)] : known.at(-2);
  const input = {
    environment,
    ...(target === undefined ? {} : { target }),
    config: moment.pick('config', 3) === 1 ? 'now' : 'then',
    acceptMovedRef: moment.pick('moved', 2) === 1,
    actor: 'grace',
    commandId: name,
  } as const;
  return {
    name,
    type: 'rollback',
    environment,
    makes: `${environment}-${name}`,
    target: target ?? 'the one before',
    give: (recourse) => recourse.rollback(input),
  };
};

/** Somebody looks at a plan and says yes to it, once or twice. */
const plannedRollback: Kind = ({ name, environment, moment }) => {
  let agreed: RollbackPlan | null = null;
  return {
    name,
    type: 'planned-rollback',
    environment,
    makes: `${environment}-${name}`,
    target: 'the one before',
    give: async (recourse, { pause, agree }) => {
      if (agreed === null) {
        const planned = await recourse.planRollback({ environment });
        if (E.isLeft(planned)) return planned;
        agreed ??= planned.right;
        await pause(10_000 * moment.pick('reads', 3));
      }
      agree(agreed);
      return recourse.rollback({ plan: agreed, actor: 'grace', commandId: name });
    },
  };
};

const cancel: Kind = ({ name, environment, moment, known }) => {
  const deployment = known[Math.max(0, known.length - 1 - moment.pick('which', 3))];
  if (deployment === undefined) return null;
  return {
    name,
    type: 'cancel',
    environment,
    makes: null,
    give: (recourse) => recourse.cancel({ deployment, actor: 'ada' }),
  };
};

const resume: Kind = ({ name, environment }) => ({
  name,
  type: 'resume',
  environment,
  makes: null,
  give: (recourse) => recourse.resumeAutoDeploy({ environment, actor: 'ada' }),
});

const look: Kind = ({ name, environment, moment, known }) => ({
  name,
  type: 'look',
  environment,
  makes: null,
  give: async (recourse) => {
    const deployment = known[moment.pick('which', known.length)];
    if (deployment !== undefined) await recourse.explain(deployment);
    await recourse.rollbackOptions(environment);
    return recourse.history({ environment, limit: 5 });
  },
});

const nothing: Kind = () => null;

/** Before anything is there to go back to. */
const firstKinds: readonly Kind[] = [nothing, deploy, deploy, deploy, deploy, deployRef, push, deployImage, rollback];

const kinds: readonly Kind[] = [
  nothing,
  deploy,
  deploy,
  deploy,
  deployRef,
  push,
  push,
  deployImage,
  deployImage,
  rollback,
  rollback,
  rollback,
  rollback,
  rollback,
  plannedRollback,
  cancel,
  cancel,
  resume,
  look,
];

export const drawOrder = (drawing: Drawing): Order | null => {
  const possible = drawing.known.length < 2 ? firstKinds : kinds;
  return possible[drawing.moment.pick('kind', possible.length)]?.(drawing) ?? null;
};

/** The one more thing that is asked for when the faults are over: it can be built, it can serve, it must go live. */
export const finalOrder = (environment: EnvironmentId): Order => {
  const name = 'last';
  const input: DeployInput = {
    environment,
    source: git(commitOf('the last one'), null),
    workload: { build: builds[0], run },
    actor: 'ada',
    commandId: name,
  };
  return {
    name,
    type: 'deploy',
    environment,
    makes: `${environment}-${name}`,
    give: (recourse) => recourse.deploy(input),
  };
};

export const settledOrder = (of: Order, deployment: string): Order => ({
  name: `${of.name} settled`,
  type: 'settled',
  environment: of.environment,
  makes: deployment,
  give: (recourse) => recourse.settled(deployment),
});
