/** What happened in an environment, newest first, read from the events alone, a page at a time. */
import {
  type CommitId,
  type DeploymentEvent,
  type DeploymentId,
  type DeploymentKind,
  deploymentEvents,
  deploymentStream,
  type EnvironmentId,
  environmentEvents,
  environmentStream,
  evolveDeployment,
  type Failure,
  type Image,
  type Instant,
  initialDeployment,
  releaseOf,
  sourceOf,
  type Trigger,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { orFault } from './fault.ts';
import type { Journal } from './journal.ts';
import type { Ports } from './ports.ts';

export type HistoryEntry = Readonly<{
  deployment: DeploymentId;
  kind: DeploymentKind;
  /** `draining`: replaced, and still finishing its requests. */
  status: 'waiting' | 'in-flight' | 'live' | 'draining' | 'retired' | 'failed' | 'cancelled' | 'superseded';
  requestedAt: Instant;
  actor: string;
  reason: string | null;
  /** Null for a rollback. */
  trigger: Trigger | null;
  /** Of which deployment's release this is a rollback. */
  rollbackOf: DeploymentId | null;
  /** How the image was come by; null as long as nobody knows. */
  way: 'build' | 'rebuild' | 'reuse' | 'pull' | null;
  commit: CommitId | null;
  image: Image | null;
  liveSince: Instant | null;
  replaced: DeploymentId | null;
  retiredBy: DeploymentId | null;
  failure: Failure | null;
}>;

/** An entry whose events this version cannot read: they are newer, or not ours. It is told, and hides nothing else. */
export type UnreadableEntry = Readonly<{
  deployment: DeploymentId;
  kind: DeploymentKind;
  status: 'unreadable';
  problem: string;
}>;

export type HistoryPage = Readonly<{
  entries: readonly (HistoryEntry | UnreadableEntry)[];
  /** Give it as `before` to read on; null at the beginning of the history. */
  next: number | null;
}>;

const PAGE = 100;

export const readHistory = async (
  ports: Ports,
  journal: Journal,
  { environment, limit, before }: Readonly<{ environment: EnvironmentId; limit: number; before?: number | undefined }>,
): Promise<HistoryPage> => {
  const { live } = (await journal.environment(environment)).state;
  const entries: (HistoryEntry | UnreadableEntry)[] = [];
  let from = before === undefined ? undefined : before - 1;
  while (from === undefined || from >= 0) {
    const at: { from?: number } = from === undefined ? {} : { from };
    const { events } = await orFault(
      ports.store.read({ stream: environmentStream(environment), ...at, direction: 'backwards', limit: PAGE }),
    );
    for (const stored of events) {
      const event = environmentEvents.decode(stored);
      if (E.isLeft(event) || event.right.type !== 'SlotRequested') continue;
      const { deployment, kind } = event.right;
      entries.push(await entryOf(ports, deployment, kind, live?.release.deployment ?? null));
      if (entries.length === limit) return { entries, next: stored.version === 0 ? null : stored.version };
    }
    const last = events.at(-1);
    if (last === undefined) break;
    from = last.version - 1;
  }
  return { entries, next: null };
};

type Timed = Readonly<{ event: DeploymentEvent; at: Instant }>;

const entryOf = async (
  { store }: Ports,
  deployment: DeploymentId,
  kind: DeploymentKind,
  live: DeploymentId | null,
): Promise<HistoryEntry | UnreadableEntry> => {
  const { events } = await orFault(store.read({ stream: deploymentStream(deployment) }));
  const told: Timed[] = [];
  for (const stored of events) {
    const event = deploymentEvents.decode(stored);
    if (E.isLeft(event)) return { deployment, kind, status: 'unreadable', problem: event.left.message };
    told.push({ event: event.right, at: stored.metadata.recordedAt });
  }
  const entry = tell(told, live);
  return entry ?? { deployment, kind, status: 'unreadable', problem: `Deployment ${deployment} has no request.` };
};

const tell = (told: readonly Timed[], live: DeploymentId | null): HistoryEntry | null => {
  const state = told.reduce((before, { event }) => evolveDeployment(before, event), initialDeployment);
  const { request, acquisition } = state;
  const [first] = told;
  if (request === null || first === undefined) return null;
  const promoted = told.find(({ event }) => event.type === 'Promoted');
  const failed = told.map(({ event }) => event).find((event) => event.type === 'DeploymentFailed');
  const source = releaseOf(state)?.source ?? sourceOf(request);
  const rollback = request.type === 'RollbackRequested';
  return {
    deployment: request.deployment,
    kind: rollback ? 'rollback' : 'deploy',
    status: statusOf(state, live === request.deployment),
    requestedAt: first.at,
    actor: request.actor,
    reason: request.reason,
    trigger: rollback ? null : request.trigger,
    rollbackOf: rollback ? request.target.deployment : null,
    way: acquisition === null ? null : acquisition.type === 'build' && rollback ? 'rebuild' : acquisition.type,
    commit: source.kind === 'git' ? source.commit : null,
    image: state.image?.image ?? null,
    liveSince: promoted?.at ?? null,
    replaced: promoted?.event.type === 'Promoted' ? promoted.event.previous : null,
    retiredBy: state.retiredBy,
    failure: failed?.type === 'DeploymentFailed' ? failed.error : null,
  };
};

const statusOf = (
  { ending, retiredBy, promoted, fence }: ReturnType<typeof evolveDeployment>,
  live: boolean,
): HistoryEntry['status'] => {
  if (ending !== null) return ending;
  if (retiredBy !== null) return 'retired';
  if (promoted || live) return live ? 'live' : 'draining';
  return fence === null ? 'waiting' : 'in-flight';
};
