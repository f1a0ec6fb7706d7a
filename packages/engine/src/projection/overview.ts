/** The read side: follows the whole store from a checkpoint, and knows what is live and what is open everywhere. */
import type { DeploymentId, EnvironmentId, Instant, Json, Position } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { orFault } from '../fault.ts';
import type { Ports } from '../ports.ts';
import { emptyPlatform, fromSaved, type Platform, take, toSaved } from './platform.ts';

export type EnvironmentOverview = Readonly<{
  environment: EnvironmentId;
  live: Readonly<{ deployment: DeploymentId; since: Instant }> | null;
  /** Deployments that wait or are on their way, in the order in which they were asked for. */
  open: readonly DeploymentId[];
}>;

export type Overview = Readonly<{
  /** Reads what was appended since the last time. */
  follow(): Promise<void>;
  /** Forgets all of it, and reads the store from its beginning. */
  rebuild(): Promise<void>;
  environments(): readonly EnvironmentOverview[];
  /** Open, and without an event for `quietMs` as seen from here: nobody seems to be at it. */
  quiet(quietMs: number): readonly DeploymentId[];
  /** Looked at and found to be done. */
  close(deployment: DeploymentId): void;
}>;

const KEY = 'overview';
/** Counts the shapes that a checkpoint had. */
const SCHEMA = 1;
const PAGE = 500;
/** Reading on from an old checkpoint is cheap, and saving one costs as much as the platform is large. */
const SAVE_EVERY = 100;

export const createOverview = ({ store, snapshots, clock }: Ports): Overview => {
  let platform: Platform = emptyPlatform();
  let position: Position | null = null;
  let version = -1;
  let unsaved = 0;
  let begun = false;
  let turn: Promise<void> = Promise.resolve();

  /** Nobody reads on from where somebody else is just reading. */
  const inTurn = (read: () => Promise<void>): Promise<void> => {
    const mine = turn.then(read);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const load = async () => {
    const saved = await snapshots.load(KEY)();
    if (E.isLeft(saved) || saved.right?.schema !== SCHEMA) return;
    const checkpoint = fromCheckpoint(saved.right.state);
    if (checkpoint === null) return;
    ({ platform, position } = checkpoint);
    version = saved.right.version;
  };

  const save = async () => {
    version++;
    unsaved = 0;
    // Only a shortcut: if it cannot be saved now, the next one will be.
    await snapshots.save(KEY, { version, schema: SCHEMA, state: { position, ...toSaved(platform) } })();
  };

  const read = async () => {
    if (!begun) await load();
    for (;;) {
      const page = await orFault(store.readAll({ after: position, limit: PAGE }));
      // What is found open at the start may have been left by a crash: it is quiet from the beginning.
      const now = begun ? clock.now() : -Infinity;
      for (const event of page.events) take(platform, event, now);
      position = page.next;
      unsaved += page.events.length;
      if (page.events.length < PAGE) break;
    }
    begun = true;
    if (unsaved >= SAVE_EVERY + platform.environments.size) await save();
  };

  return {
    follow: () => inTurn(read),
    rebuild: () =>
      inTurn(async () => {
        platform = emptyPlatform();
        position = null;
        begun = true;
        await read();
        await save();
      }),
    environments: () => {
      const open = Map.groupBy(platform.open, ([, { environment }]) => environment);
      return [...platform.environments].map(([environment, live]) => ({
        environment,
        live,
        open: (open.get(environment) ?? []).flatMap(([deployment, { wentLive }]) => (wentLive ? [] : [deployment])),
      }));
    },
    quiet: (quietMs) => {
      const before = clock.now() - quietMs;
      return [...platform.open].flatMap(([id, { heardAt }]) => (heardAt <= before ? [id] : []));
    },
    close: (deployment) => void platform.open.delete(deployment),
  };
};

const fromCheckpoint = (state: Json): Readonly<{ platform: Platform; position: Position | null }> | null => {
  const position = typeof state === 'object' && state !== null ? Reflect.get(state, 'position') : undefined;
  if (position !== null && typeof position !== 'string') return null;
  const platform = fromSaved(state);
  return platform && { platform, position };
};
