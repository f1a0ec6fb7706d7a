/** One shop, its releases and what happens to them: the words in which the tests of core are told. */
import {
  CommitId,
  type Config,
  type Deployment,
  type DeploymentEvent,
  type DeploymentEventOf,
  DeploymentId,
  Digest,
  type EffectName,
  type Environment,
  type EnvironmentEvent,
  EnvironmentId,
  evolveDeployment,
  evolveEnvironment,
  type Failure,
  Fence,
  type Finding,
  GitRef,
  type Image,
  ImageReference,
  type Instance,
  InstanceId,
  Instant,
  initialDeployment,
  initialEnvironment,
  type Rejection,
  type Release,
  RepositoryUrl,
  type Source,
  StepKey,
  TreePath,
  type Workload,
} from '@recourse/core';
import type { Either } from 'fp-ts/lib/Either.js';

export const shop = EnvironmentId.parse('shop-production');
export const d1 = DeploymentId.parse('d-1');
export const d2 = DeploymentId.parse('d-2');
export const d3 = DeploymentId.parse('d-3');
export const r1 = DeploymentId.parse('r-1');
export const r2 = DeploymentId.parse('r-2');

export const commit = CommitId.parse('c'.repeat(40));
export const otherCommit = CommitId.parse('e'.repeat(40));
export const main = GitRef.parse('main');
export const digest = Digest.parse(`sha256:${'a'.repeat(64)}`);
export const otherDigest = Digest.parse(`sha256:${'b'.repeat(64)}`);
export const fence = (number: number): Fence => Fence.parse(number);
export const at = (ms: number): Instant => Instant.parse(ms);
export const key = (text: string): StepKey => StepKey.parse(text);

const repository = RepositoryUrl.parse('https://git.example/shop.git');
export const atCommit: Source = { kind: 'git', repository, commit, ref: null };
export const atRef: Source = { kind: 'git', repository, commit: null, ref: main };
export const atNothing: Source = { kind: 'git', repository, commit: null, ref: null };
export const ready: Source = { kind: 'image', reference: ImageReference.parse('shop:v1') };

export const image: Image = { name: 'shop:v1', digest, pullable: null };
export const otherImage: Image = { name: 'shop:v1', digest: otherDigest, pullable: null };
export const instance: Instance = { id: InstanceId.parse('i-1'), address: { host: '127.0.0.1', port: 4000 } };
export const otherInstance: Instance = { id: InstanceId.parse('i-2'), address: { host: '127.0.0.1', port: 4001 } };

export const workload: Workload = {
  build: { preset: 'dockerfile', dockerfile: TreePath.parse('Dockerfile') },
  run: {
    port: 8080,
    health: { path: '/', withinMs: 60_000 },
    drainMs: 30_000,
    stopGraceMs: 10_000,
    memoryBytes: null,
    cpus: null,
    pidsMax: null,
  },
};
export const config: Config = { variables: { GREETING: 'hello' }, secrets: {} };

export const release = (deployment: DeploymentId, with_: Partial<Release> = {}): Release => ({
  deployment,
  origin: deployment,
  fence: fence(1),
  source: atCommit,
  image,
  runnable: true,
  workload,
  config,
  ...with_,
});

export const deployed = (
  with_: Partial<DeploymentEventOf<'DeploymentRequested'>> = {},
): DeploymentEventOf<'DeploymentRequested'> => ({
  type: 'DeploymentRequested',
  deployment: d1,
  environment: shop,
  source: atCommit,
  workload,
  config,
  trigger: 'api',
  actor: 'ada',
  reason: null,
  ...with_,
});

export const rolledBack = (
  target: Release,
  with_: Partial<DeploymentEventOf<'RollbackRequested'>> = {},
): DeploymentEventOf<'RollbackRequested'> => ({
  type: 'RollbackRequested',
  deployment: r1,
  environment: shop,
  target,
  configMode: 'then',
  config: target.config,
  acceptMovedRef: false,
  actor: 'ada',
  reason: 'checkout is down',
  ...with_,
});

export const admitted: DeploymentEvent = { type: 'Admitted', fence: fence(7) };

export const begun = (step: EffectName, stepKey: StepKey, attempt = 1, run = 1): DeploymentEvent => ({
  type: 'StepStarted',
  step,
  attempt,
  run,
  key: stepKey,
});

export const probed = (finding: Finding): DeploymentEvent => ({ type: 'ImageProbed', image, finding });
export const reused: DeploymentEvent = { type: 'ImageReused', image };
export const buildScheduled: DeploymentEvent = { type: 'BuildScheduled', commit, ref: null };
export const built: DeploymentEvent = { type: 'Built', image, commit, runnable: true, durationMs: 90_000 };
export const started: DeploymentEvent = { type: 'InstanceStarted', key: key('d-1-start-1'), instance, durationMs: 400 };
export const healthy: DeploymentEvent = {
  type: 'HealthChecked',
  healthy: true,
  attempts: 3,
  durationMs: 900,
  detail: '200',
};
export const promoted: DeploymentEvent = { type: 'Promoted', previous: null, fence: fence(7), durationMs: 2 };

export const transient: Failure = { kind: 'transient', code: 'router/unreachable', message: 'The router is away.' };
export const permanent: Failure = { kind: 'permanent', code: 'builder/failed', message: 'It does not compile.' };
export const imageGone: Failure = { kind: 'permanent', code: 'runtime/image-gone', message: 'The image is gone.' };

const requested = [deployed()];
const inSlot = [...requested, admitted, buildScheduled];
const withImage = [...inSlot, begun('build', key('d-1-build-1')), built];
const starting = [...withImage, begun('start', key('d-1-start-1'))];
const running = [...starting, started];
const serving = [...running, begun('check-health', key('d-1-check-health-1')), healthy];
const promoting = [...serving, begun('promote', key('d-1-promote-1'))];

/** A deploy of a commit, as far as the name says. */
export const deploying = {
  requested,
  inSlot,
  withImage,
  starting,
  running,
  serving,
  promoting,
  live: [...promoting, promoted],
};

/** What was decided. A refusal fails the test and says which it was. */
export const accepted = <Events>(decided: Either<Rejection, Events>): Events => {
  if (decided._tag === 'Right') return decided.right;
  throw new Error(`refused: ${JSON.stringify(decided.left)}`);
};

/** The deployment after these events. */
export const after = (...events: readonly DeploymentEvent[]): Deployment =>
  events.reduce(evolveDeployment, initialDeployment);

/** The environment after these events. */
export const environmentAfter = (...events: readonly EnvironmentEvent[]): Environment =>
  events.reduce(evolveEnvironment, initialEnvironment);
