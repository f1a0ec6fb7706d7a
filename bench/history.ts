/** What a rollback costs to ask for, in an environment with ten, a thousand and a hundred thousand past releases. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CommitId,
  type DeploymentEvent,
  DeploymentId,
  Digest,
  deploymentEvents,
  deploymentStream,
  ENVIRONMENT_SCHEMA,
  type EnvironmentEvent,
  EnvironmentId,
  environmentEvents,
  environmentStream,
  evolveEnvironment,
  Fence,
  InstanceId,
  initialEnvironment,
  type Json,
  type NewEvent,
  type Release,
  RepositoryUrl,
  StepKey,
} from '@recourse/core';
import { createRecourse, orFault, type Recourse } from '@recourse/engine';
import { inProcessProxy, onlyEnvironment } from '@recourse/proxy';
import { eventually } from '@recourse/testing';
import { localPorts } from '../packages/engine/test/support/local-platform.ts';
import { median } from './median.ts';

const environment = EnvironmentId.parse('shop');
const SIZES = [10, 1_000, 100_000];
const ROLLBACKS = 100;
/** Events an append, while the history is planted. */
const BATCH = 800;

export const benchHistory = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-bench-'));
  const environments = [];
  try {
    for (const releases of SIZES) environments.push(await open(join(folder, String(releases)), releases));
    // In turn, so that whatever else the machine does is spread over all of them.
    for (let round = 0; round < ROLLBACKS; round++) for (const one of environments) await one.rollBack();
    for (const { releases, times } of environments)
      console.log(
        `history: asking for a rollback after ${releases} releases takes ${median(times).toFixed(2)} ms (median of ${ROLLBACKS})`,
      );
    const costs = environments.map(({ times }) => median(times));
    console.log(
      `history: the dearest is ${(Math.max(...costs) / Math.min(...costs)).toFixed(2)} times the cheapest (goal: flat)`,
    );
  } finally {
    for (const { close } of environments) await close();
    await rm(folder, { recursive: true, force: true });
  }
};

const open = async (folder: string, releases: number) => {
  await mkdir(folder);
  const { ports, close } = await localPorts(folder);
  await plant(ports, releases);
  const { router } = inProcessProxy({ environmentOf: onlyEnvironment(environment) });
  const recourse = createRecourse({ ...ports, router });
  const times: number[] = [];
  const rollBack = async () => {
    const from = performance.now();
    const asked = await recourse.rollback({ environment, actor: 'ada' });
    times.push(performance.now() - from);
    if (asked._tag === 'Left') throw new Error(asked.left.code);
    await takeBack(recourse, asked.right.deployment);
  };
  return { releases, times, rollBack, close };
};

/** Nobody works while the time is taken. What was asked for must have left the line before the same is asked again. */
const takeBack = async (recourse: Recourse, deployment: DeploymentId): Promise<void> => {
  await recourse.cancel({ deployment, actor: 'ada' });
  const worker = recourse.work();
  await eventually(
    async () => {
      const now = await recourse.environment(environment);
      return now._tag === 'Right' && now.right.waiting.length === 0;
    },
    (left) => left,
  );
  await worker.stop();
};

type Ports = Parameters<typeof createRecourse>[0];

/** Releases as the engine would have left them: their events, and the snapshot beside the environment's stream. */
const plant = async (
  { store, snapshots, clock, ids }: Pick<Ports, 'store' | 'snapshots' | 'clock' | 'ids'>,
  releases: number,
) => {
  const metadata = { recordedAt: clock.now(), actor: 'ada', correlationId: 'bench', causationId: 'bench' };
  const stored = (encoded: { type: string; schemaVersion: number; data: Json }): NewEvent => ({
    id: ids.next(),
    ...encoded,
    metadata,
  });
  const append = async (stream: string, [first, ...rest]: readonly NewEvent[]) => {
    if (first !== undefined) await orFault(store.append({ stream, expected: 'any', events: [first, ...rest] }));
  };

  let state = initialEnvironment;
  let version = -1;
  let batch: NewEvent[] = [];
  for (let number = 1; number <= releases; number++) {
    const events = environmentHistory(number);
    state = events.reduce(evolveEnvironment, state);
    version += events.length;
    batch.push(...events.map((event) => stored(environmentEvents.encode(event))));
    if (batch.length >= BATCH || number === releases) {
      await append(environmentStream(environment), batch);
      batch = [];
    }
    if (number < releases - 1) continue;
    const { deployment } = releaseOf(number);
    await append(
      deploymentStream(deployment),
      deploymentHistory(number).map((event) => stored(deploymentEvents.encode(event))),
    );
  }
  const snapshot = { version, schema: ENVIRONMENT_SCHEMA, state: JSON.parse(JSON.stringify(state)) };
  await orFault(snapshots.save(environmentStream(environment), snapshot));
};

const hex = (number: number, length: number): string => number.toString(16).padStart(length, '0');
const keyOf = (number: number): StepKey => StepKey.parse(`d${number}-start-1`);
const instance = { id: InstanceId.parse('i'), address: { host: '127.0.0.1', port: 80 } };

const releaseOf = (number: number): Release => {
  const deployment = DeploymentId.parse(`d${number}`);
  return {
    deployment,
    origin: deployment,
    fence: Fence.parse(number),
    source: {
      kind: 'git',
      repository: RepositoryUrl.parse('https://git.example/shop'),
      commit: CommitId.parse(hex(number, 40)),
      ref: null,
    },
    image: { name: `shop:d${number}`, digest: Digest.parse(`sha256:${hex(number, 64)}`), pullable: null },
    runnable: true,
    workload: {
      build: { preset: 'command', build: null, start: ['node', 'server.mjs'] },
      run: {
        port: 80,
        health: { path: '/', withinMs: 1_000 },
        drainMs: 0,
        stopGraceMs: 0,
        memoryBytes: null,
        cpus: null,
        pidsMax: null,
      },
    },
    config: { variables: { RELEASE: String(number) }, secrets: {} },
  };
};

const environmentHistory = (number: number): readonly EnvironmentEvent[] => {
  const release = releaseOf(number);
  const { deployment, fence } = release;
  const previous = number === 1 ? null : releaseOf(number - 1).deployment;
  return [
    { type: 'SlotRequested', deployment, kind: 'deploy', automatic: true },
    { type: 'SlotTaken', deployment, fence },
    { type: 'Activated', release, key: keyOf(number), instance, previous, kind: 'deploy' },
    { type: 'SlotReleased', deployment },
  ];
};

const deploymentHistory = (number: number): readonly DeploymentEvent[] => {
  const { deployment, fence, source, image, workload, config } = releaseOf(number);
  if (source.kind !== 'git' || source.commit === null) return [];
  const { commit } = source;
  return [
    {
      type: 'DeploymentRequested',
      deployment,
      environment,
      source,
      workload,
      config,
      trigger: 'push',
      actor: 'ada',
      reason: null,
    },
    { type: 'Admitted', fence },
    { type: 'BuildScheduled', commit, ref: null },
    { type: 'Built', image, commit, runnable: true, durationMs: 1_000 },
    { type: 'InstanceStarted', key: keyOf(number), instance, durationMs: 300 },
    { type: 'HealthChecked', healthy: true, attempts: 1, durationMs: 20, detail: '200' },
    { type: 'Promoted', previous: null, fence, durationMs: 5 },
  ];
};
