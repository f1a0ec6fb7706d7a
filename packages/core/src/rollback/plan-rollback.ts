/** What a rollback would do, worked out before anything is touched. */
import * as E from 'fp-ts/lib/Either.js';
import { match } from 'ts-pattern';
import { type Decision, decideRestore } from '../deployment/decide-restore.ts';
import { type Deployment, type Durations, releaseOf } from '../deployment/deployment.ts';
import type { EffectName } from '../deployment/events.ts';
import type { Environment } from '../environment/environment.ts';
import type { DeploymentId, EnvironmentId } from '../identity.ts';
import type { Finding } from '../ports/images.ts';
import type { Rejection } from '../rejection.ts';
import type { Config, Release } from '../release.ts';

/** What would differ between the configuration that is live and the one that the rollback brings. Names, no values. */
export type ConfigDifference = Readonly<{
  added: readonly string[];
  removed: readonly string[];
  changed: readonly string[];
}>;

export type RollbackPlan = Readonly<{
  environment: EnvironmentId;
  target: Release;
  configMode: 'then' | 'now';
  acceptMovedRef: boolean;
  decision: Exclude<Decision, { type: 'Refuse' | 'Probe' }>;
  /** Why this way, in sentences. */
  reasons: readonly string[];
  steps: readonly EffectName[];
  config: Config;
  configDifference: ConfigDifference;
  /** From what this release took before; null if that is not known. */
  estimateMs: number | null;
  /** What was live when the plan was made. If something else is, the plan is stale. */
  live: DeploymentId | null;
}>;

export type PlanFacts = Readonly<{
  environment: EnvironmentId;
  state: Environment;
  /** What it took to make the release and to bring it back before, newest first. */
  durations: readonly Durations[];
  finding: Finding | null;
  configMode: 'then' | 'now';
  acceptMovedRef: boolean;
}>;

/** The last release that was live before the one live now, and is another one. */
export const defaultTarget = (state: Environment): Release | null =>
  state.proven.findLast((release) => release.origin !== state.live?.release.origin) ?? null;

/** Whether this deployment can be gone back to at all, before anybody looks for its image. */
export const checkTarget = (
  environment: EnvironmentId,
  wanted: DeploymentId,
  target: Deployment,
  state: Environment,
): E.Either<Rejection, Release> => {
  const release = releaseOf(target);
  if (target.request?.environment !== environment)
    return E.left({ code: 'TargetNotFound', environment, target: wanted });
  if (!target.promoted || release === null) return E.left({ code: 'TargetNeverLive', target: wanted });
  const live = state.live?.release;
  if (live?.origin === release.origin) return E.left({ code: 'AlreadyLive', target: wanted, live: live.deployment });
  return E.right(release);
};

export const planRollback = (facts: PlanFacts, release: Release): E.Either<Rejection, RollbackPlan> => {
  const { environment, state, durations, finding, configMode, acceptMovedRef } = facts;
  const decision = decideRestore({ target: release, finding, acceptMovedRef });
  if (decision.type === 'Refuse')
    return E.left({ code: 'NoWayBack', target: release.deployment, reason: decision.reason });
  if (decision.type === 'Probe') throw new Error(`planRollback of ${release.deployment} was asked without a probe`);

  const live = state.live?.release ?? null;
  const config = configMode === 'now' ? (live?.config ?? release.config) : release.config;
  return E.right({
    environment,
    target: release,
    configMode,
    acceptMovedRef,
    decision,
    reasons: [because(decision, release)],
    steps: stepsOf(decision),
    config,
    configDifference: differenceOf(live?.config ?? { variables: {}, secrets: {} }, config),
    estimateMs: estimate(decision, durations),
    live: live?.deployment ?? null,
  });
};

const short = (id: string): string => id.replace('sha256:', '').slice(0, 12);

const because = (decision: RollbackPlan['decision'], { deployment, image }: Release): string =>
  match(decision)
    .with({ type: 'Reuse' }, () => `Image ${short(image.digest)} of ${deployment} is here, with the same digest.`)
    .with(
      { type: 'Pull' },
      () => `Image ${short(image.digest)} of ${deployment} is in its registry, with the same digest.`,
    )
    .with(
      { type: 'Rebuild' },
      ({ commit, reason }) => `${whyRebuild[reason]} It is rebuilt from commit ${short(commit)}, which was live.`,
    )
    .with(
      { type: 'RebuildAtRef' },
      ({ ref, reason }) =>
        `${whyRebuild[reason]} No commit is known: what ${ref} means today is built, which may be another release.`,
    )
    .exhaustive();

const whyRebuild = {
  pruned: 'The image is gone.',
  changed: 'The image is gone, and its name means another image now.',
  'not-runnable': 'The image cannot run by itself.',
} as const;

const ways = {
  Reuse: ['probe-image'],
  Pull: ['probe-image', 'pull-image'],
  Rebuild: ['probe-image', 'build'],
  RebuildAtRef: ['probe-image', 'resolve-source', 'build'],
} as const;

const stepsOf = (decision: RollbackPlan['decision']): readonly EffectName[] => {
  const way: readonly EffectName[] = ways[decision.type];
  const asked = 'reason' in decision && decision.reason === 'not-runnable' ? way.slice(1) : way;
  return [...asked, 'start', 'check-health', 'promote', 'retire-previous'];
};

const differenceOf = (from: Config, to: Config): ConfigDifference => {
  const before = flat(from);
  const after = flat(to);
  return {
    added: [...after.keys()].filter((name) => !before.has(name)).sort(),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
    changed: [...after.keys()].filter((name) => before.has(name) && before.get(name) !== after.get(name)).sort(),
  };
};

const flat = ({ variables, secrets }: Config): ReadonlyMap<string, string> =>
  new Map([
    ...Object.entries(variables).map(([name, value]) => [name, `=${value}`] as const),
    ...Object.entries(secrets).map(([name, secret]) => [name, `@${JSON.stringify(secret)}`] as const),
  ]);

const estimate = (decision: RollbackPlan['decision'], durations: readonly Durations[]): number | null => {
  const latest = (part: keyof Durations): number | null =>
    durations.map((one) => one[part]).find((duration) => duration !== null) ?? null;
  const image = decision.type === 'Reuse' ? 0 : latest(decision.type === 'Pull' ? 'pull' : 'build');
  const start = latest('start');
  const health = latest('health');
  return image === null || start === null || health === null ? null : image + start + health;
};
