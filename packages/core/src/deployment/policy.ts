/** How long a step may take and how often it is tried. */
import type { EffectName } from './events.ts';

export type StepPolicy = Readonly<{
  /** After this the step is stopped, which counts as a failure. */
  deadlineMs: number;
  /** Null: tried until it succeeds, because stopping half-way would leave traffic in doubt. */
  attemptsMax: number | null;
  backoffMs: number;
  backoffMaxMs: number;
}>;

export type Policy = Readonly<Record<EffectName, StepPolicy>>;

/** Some 65 s of trying: as long as a daemon may take to be restarted. */
const quick: StepPolicy = { deadlineMs: 30_000, attemptsMax: 12, backoffMs: 250, backoffMaxMs: 10_000 };

export const defaultPolicy: Policy = {
  'resolve-source': quick,
  'probe-image': quick,
  'pull-image': { ...quick, deadlineMs: 600_000 },
  /** Its deadline is final: what took half an hour will take it again. */
  build: { deadlineMs: 1_800_000, attemptsMax: 10, backoffMs: 500, backoffMaxMs: 10_000 },
  start: { ...quick, deadlineMs: 60_000 },
  /** Its real limit is the workload's own `health.withinMs`; this one is for the probe itself. */
  'check-health': { ...quick, deadlineMs: 3_660_000 },
  promote: quick,
  'restore-traffic': { ...quick, attemptsMax: null },
  /** Its real limit is the workload's own drain and stop times. */
  'retire-previous': { ...quick, deadlineMs: 7_260_000 },
  'stop-instance': { ...quick, deadlineMs: 3_660_000 },
};

/** A worker that dies in a step lets another take it up; a step that kills its workers counts as failed after this. */
export const RUNS_MAX = 5;

/** Doubles with each attempt. No jitter: attempts on one deployment never compete with each other. */
export const backoffMs = (policy: StepPolicy, attempt: number): number =>
  Math.min(policy.backoffMaxMs, policy.backoffMs * 2 ** Math.min(attempt - 1, 20));
