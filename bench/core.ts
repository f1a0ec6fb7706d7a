/**
 * Core: decide + evolve over the events of whole deployments, against a hand-written switch that keeps the same facts
 * and nothing else. Many short rounds, in turn, in one process.
 */
import {
  CommitId,
  type Deployment,
  type DeploymentCommand,
  type DeploymentEvent,
  DeploymentId,
  Digest,
  decideDeployment,
  defaultPolicy,
  EnvironmentId,
  evolveDeployment,
  Fence,
  GitRef,
  InstanceId,
  Instant,
  initialDeployment,
  RepositoryUrl,
  StepKey,
  TreePath,
} from '@recourse/core';
import { isRight } from 'fp-ts/lib/Either.js';
import { median } from './median.ts';

const deployment = DeploymentId.parse('d1');
const commit = CommitId.parse('c'.repeat(40));
const image = { name: 'shop:d1', digest: Digest.parse(`sha256:${'a'.repeat(64)}`), pullable: null };
const instance = { id: InstanceId.parse('i1'), address: { host: '127.0.0.1', port: 80 } };
const fence = Fence.parse(1);
const now = Instant.parse(1);
const keyOf = (step: string) => StepKey.parse(`d1-${step}-1`);
const of = (step: string) => ({ attempt: 1, key: keyOf(step) });

const begin = (step: 'resolve-source' | 'build' | 'start' | 'check-health' | 'promote'): DeploymentCommand => ({
  type: 'BeginStep',
  step: { step, attempt: 1, run: 1, key: keyOf(step) },
  now,
  policy: defaultPolicy[step],
});

const commands: readonly DeploymentCommand[] = [
  {
    type: 'Request',
    request: {
      type: 'DeploymentRequested',
      deployment,
      environment: EnvironmentId.parse('shop'),
      source: {
        kind: 'git',
        repository: RepositoryUrl.parse('https://git.example/shop'),
        commit: null,
        ref: GitRef.parse('main'),
      },
      workload: {
        build: { preset: 'dockerfile', dockerfile: TreePath.parse('Dockerfile') },
        run: {
          port: 80,
          health: { path: '/', withinMs: 1 },
          drainMs: 1,
          stopGraceMs: 1,
          memoryBytes: null,
          cpus: null,
          pidsMax: null,
        },
      },
      config: { variables: {}, secrets: {} },
      trigger: 'push',
      actor: 'ada',
      reason: null,
    },
  },
  { type: 'RecordAdmitted', fence },
  begin('resolve-source'),
  { type: 'RecordResolved', ...of('resolve-source'), commit },
  begin('build'),
  { type: 'RecordBuilt', ...of('build'), built: { image, commit, runnable: true }, durationMs: 1 },
  begin('start'),
  { type: 'RecordStarted', ...of('start'), instance, durationMs: 1 },
  begin('check-health'),
  { type: 'RecordHealth', ...of('check-health'), healthy: true, attempts: 1, durationMs: 1, detail: '200' },
  begin('promote'),
  { type: 'RecordPromoted', fence, previous: null, durationMs: 1 },
  { type: 'Retire', by: DeploymentId.parse('d2'), key: keyOf('start') },
];

/** One whole deployment through the real decider: how many events. */
const decideAll = (): number => {
  let state: Deployment = initialDeployment;
  let count = 0;
  for (const command of commands) {
    const decided = decideDeployment(command, state);
    if (!isRight(decided)) throw new Error(`refused: ${JSON.stringify(decided.left)}`);
    for (const event of decided.right) state = evolveDeployment(state, event);
    count += decided.right.length;
  }
  return count;
};

const history: readonly DeploymentEvent[] = (() => {
  const events: DeploymentEvent[] = [];
  let state: Deployment = initialDeployment;
  for (const command of commands) {
    const decided = decideDeployment(command, state);
    if (isRight(decided)) events.push(...decided.right);
    state = events.reduce(evolveDeployment, initialDeployment);
  }
  return events;
})();

/** What somebody would write by hand who needs the same facts and the same refusals: one switch, a copy a change. */
const bySwitch = (state: Deployment, event: DeploymentEvent): Deployment => {
  const { underWay } = state;
  switch (event.type) {
    case 'DeploymentRequested':
      if (state.request !== null) throw new Error('requested twice');
      return { ...state, request: event };
    case 'Admitted':
      if (state.ending !== null) throw new Error('ended');
      return { ...state, fence: event.fence };
    case 'StepStarted': {
      const { step, attempt, run, key } = event;
      if (state.ending !== null || state.promoted) throw new Error('ended');
      if (attempt !== (state.failures[step] ?? 0) + 1) throw new Error('stale');
      const begunStarts = step === 'start' ? [...state.begunStarts, key] : state.begunStarts;
      const promotionBegun = state.promotionBegun || step === 'promote';
      return { ...state, underWay: { step, attempt, run, key }, retryAt: null, promotionBegun, begunStarts };
    }
    case 'BuildScheduled': {
      if (underWay?.step !== 'resolve-source') throw new Error('stale');
      const { commit, ref } = event;
      return { ...state, underWay: null, retryAt: null, acquisition: { type: 'build', commit, ref } };
    }
    case 'Built': {
      if (underWay?.step !== 'build') throw new Error('stale');
      const { image: built, commit: of, runnable, durationMs } = event;
      const durations = { ...state.durations, build: durationMs };
      return { ...state, underWay: null, retryAt: null, image: { image: built, commit: of, runnable }, durations };
    }
    case 'InstanceStarted': {
      if (underWay?.key !== event.key) throw new Error('stale');
      const started = { key: event.key, instance: event.instance };
      const durations = { ...state.durations, start: event.durationMs };
      return { ...state, underWay: null, retryAt: null, started, healthy: false, durations };
    }
    case 'HealthChecked': {
      if (underWay?.step !== 'check-health') throw new Error('stale');
      const durations = { ...state.durations, health: event.durationMs };
      return { ...state, underWay: null, retryAt: null, healthy: event.healthy, durations };
    }
    case 'Promoted':
      if (state.fence !== event.fence) throw new Error('stale');
      return { ...state, underWay: null, retryAt: null, promoted: true, failing: null };
    case 'Retired':
      return { ...state, retiredBy: event.by };
    case 'InstanceStopped':
      return {
        ...state,
        begunStarts: state.begunStarts.filter((one) => one !== event.key),
        failures: { ...state.failures, 'stop-instance': 0 },
      };
    default:
      return state;
  }
};

const switchAll = (): number => {
  let state: Deployment = initialDeployment;
  for (const event of history) state = bySwitch(state, event);
  return state.promoted ? history.length : 0;
};

const ROUNDS = 41;
const ROUND_MS = 50;

const eventsPerSecond = (run: () => number): number => {
  const from = performance.now();
  let events = 0;
  while (performance.now() - from < ROUND_MS) for (let batch = 0; batch < 100; batch++) events += run();
  return events / ((performance.now() - from) / 1000);
};

export const benchCore = async (): Promise<void> => {
  // In turn, each compared with its neighbour: whatever else the machine does befalls both.
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ours: eventsPerSecond(decideAll),
    byHand: eventsPerSecond(switchAll),
  }));
  const ours = median(rounds.map((round) => round.ours));
  const byHand = median(rounds.map((round) => round.byHand));
  const share = median(rounds.map((round) => round.ours / round.byHand));
  const million = (perSecond: number) => `${(perSecond / 1e6).toFixed(2)} M events/s`;
  console.log(
    `core: decide + evolve ${million(ours)}, a hand-written switch ${million(byHand)} (medians of ${ROUNDS})`,
  );
  console.log(`core: ${share.toFixed(2)} of the switch's speed (goal: at least 0.5)`);
};
