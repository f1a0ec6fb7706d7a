/**
 * Loads what streams amount to, and carries decisions into them: load, decide, append with the version that was
 * decided on; when somebody else was first, or nobody knows whether it was written, read again and decide again.
 */
import {
  type Deployment,
  type DeploymentCommand,
  type DeploymentEvent,
  type DeploymentId,
  decideDeployment,
  decideEnvironment,
  deploymentEvents,
  deploymentStream,
  ENVIRONMENT_SCHEMA,
  Environment,
  type EnvironmentCommand,
  type EnvironmentEvent,
  type EnvironmentId,
  type EventCodec,
  environmentEvents,
  environmentStream,
  evolveDeployment,
  evolveEnvironment,
  initialDeployment,
  initialEnvironment,
  isWrongExpectedVersion,
  type Json,
  type NewEvent,
  type Rejection,
  type StoredEvent,
  type StreamId,
  safelyParse,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { Fault, orFault } from './fault.ts';
import type { Ports } from './ports.ts';
import { createRecentStates, type Loaded, type RecentStates } from './recent-states.ts';

/** On whose behalf something is appended, and what led to it. */
export type Cause = Readonly<{ actor: string; correlationId: string; causationId: string }>;

export type Journal = Readonly<{
  deployment(id: DeploymentId): Promise<Loaded<Deployment>>;
  environment(id: EnvironmentId): Promise<Loaded<Environment>>;
  /** `known`: the state that the caller has already; if it is out of date, it is read again. */
  decideDeployment(
    id: DeploymentId,
    command: DeploymentCommand,
    cause: Cause,
    known?: Loaded<Deployment>,
  ): Promise<E.Either<Rejection, Loaded<Deployment>>>;
  decideEnvironment(
    id: EnvironmentId,
    command: EnvironmentCommand,
    cause: Cause,
  ): Promise<E.Either<Rejection, Loaded<Environment>>>;
}>;

type Stream<State, Event extends { type: string }, Command> = Readonly<{
  name: StreamId;
  codec: EventCodec<Event>;
  evolve: (state: State, event: Event) => State;
  decide: (command: Command, state: State) => E.Either<Rejection, readonly Event[]>;
  recent: RecentStates<State>;
  initial: State;
  /** Where reading may begin for one who remembers nothing of it. */
  shortcut: () => Promise<Loaded<State>>;
  appended: (before: number, now: Loaded<State>) => Promise<void>;
}>;

/** Somebody else was first, again and again: more often than this means that something is wrong. */
const CONFLICTS_MAX = 200;
const UNAVAILABLE_MAX = 6;
/** A snapshot bounds what must be read of an environment that is years old. */
const SNAPSHOT_EVERY = 32;
/** Of each kind: as many as one process has in its hands at a time, with room. */
const RECENT_MAX = 500;

export const createJournal = ({ store, snapshots, clock, ids }: Ports): Journal => {
  const recentDeployments = createRecentStates<Deployment>(RECENT_MAX);
  const recentEnvironments = createRecentStates<Environment>(RECENT_MAX);

  const load = <State, Event extends { type: string }, Command>(
    stream: Stream<State, Event, Command>,
  ): Promise<Loaded<State>> =>
    patiently(async () => {
      const known = stream.recent.of(stream.name) ?? (await stream.shortcut());
      // Less than we know of: the store was set back to a backup, and what we know is of another history.
      const now = (await goneOn(stream, known)) ?? (await goneOn(stream, nothingOf(stream))) ?? nothingOf(stream);
      stream.recent.remember(stream.name, now);
      return now;
    });

  /** From what is known of a stream to what it is now; null if the store has less of it. */
  const goneOn = async <State, Event extends { type: string }, Command>(
    { name, codec, evolve, recent }: Stream<State, Event, Command>,
    known: Loaded<State>,
  ): Promise<Loaded<State> | null> => {
    const { events, version } = await orFault(store.read({ stream: name, from: known.version + 1 }));
    if ((version ?? -1) < known.version) {
      recent.forget(name);
      return null;
    }
    return events.reduce<Loaded<State>>(
      ({ state }, stored) => ({ state: evolve(state, decoded(codec, stored)), version: stored.version }),
      known,
    );
  };

  /** A store that is away for a moment is asked again; one that stays away is a fault. */
  const patiently = async <A>(ask: () => Promise<A>): Promise<A> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Fault) || error.kind === 'permanent' || attempt >= UNAVAILABLE_MAX) throw error;
        await clock.sleep(20 * 2 ** attempt);
      }
    }
  };

  const newEvent = <Event extends { type: string }>(
    codec: EventCodec<Event>,
    event: Event,
    cause: Cause,
  ): NewEvent => ({
    id: ids.next(),
    ...codec.encode(event),
    metadata: { recordedAt: clock.now(), ...cause },
  });

  const transact = async <State, Event extends { type: string }, Command>(
    stream: Stream<State, Event, Command>,
    command: Command,
    cause: Cause,
    known?: Loaded<State>,
  ): Promise<E.Either<Rejection, Loaded<State>>> => {
    let unavailable = 0;
    let current = known ?? (await load(stream));
    for (let conflicts = 0; conflicts < CONFLICTS_MAX; ) {
      const decided = stream.decide(command, current.state);
      if (E.isLeft(decided)) return decided;
      const [first, ...rest] = decided.right.map((event) => newEvent(stream.codec, event, cause));
      if (first === undefined) return E.right(current);

      const expected = current.version === -1 ? 'no-stream' : current.version;
      const appended = await store.append({ stream: stream.name, expected, events: [first, ...rest] })();
      if (E.isRight(appended)) {
        const now = { state: decided.right.reduce(stream.evolve, current.state), version: appended.right.version };
        stream.recent.remember(stream.name, now);
        await stream.appended(current.version, now);
        return E.right(now);
      }
      if (isWrongExpectedVersion(appended.left)) conflicts++;
      else if (appended.left.kind === 'permanent' || ++unavailable >= UNAVAILABLE_MAX) throw new Fault(appended.left);
      else await clock.sleep(20 * 2 ** unavailable);
      current = await load(stream);
    }
    throw new Fault({
      kind: 'transient',
      code: 'store/contended',
      message: `Stream ${stream.name} was changed by others ${CONFLICTS_MAX} times in a row. Try again.`,
    });
  };

  const deploymentOf = (id: DeploymentId): Stream<Deployment, DeploymentEvent, DeploymentCommand> => {
    return {
      name: deploymentStream(id),
      codec: deploymentEvents,
      evolve: evolveDeployment,
      decide: decideDeployment,
      recent: recentDeployments,
      initial: initialDeployment,
      shortcut: async () => ({ state: initialDeployment, version: -1 }),
      appended: async () => {},
    };
  };

  const environmentOf = (id: EnvironmentId): Stream<Environment, EnvironmentEvent, EnvironmentCommand> => {
    const name = environmentStream(id);
    return {
      name,
      codec: environmentEvents,
      evolve: evolveEnvironment,
      decide: decideEnvironment,
      recent: recentEnvironments,
      initial: initialEnvironment,
      shortcut: () => snapshotOf(name),
      appended: async (before, { state, version }) => {
        if (Math.floor(before / SNAPSHOT_EVERY) === Math.floor(version / SNAPSHOT_EVERY)) return;
        // Only a shortcut: if it cannot be saved now, the next one will be.
        await snapshots.save(name, { version, schema: ENVIRONMENT_SCHEMA, state: toJson(state) })();
      },
    };
  };

  const snapshotOf = async (name: StreamId): Promise<Loaded<Environment>> => {
    const none = { state: initialEnvironment, version: -1 };
    const loaded = await snapshots.load(name)();
    if (E.isLeft(loaded) || loaded.right === null || loaded.right.schema !== ENVIRONMENT_SCHEMA) return none;
    const state = safelyParse(Environment, loaded.right.state);
    return state.success ? { state: state.data, version: loaded.right.version } : none;
  };

  return {
    deployment: (id) => load(deploymentOf(id)),
    environment: (id) => load(environmentOf(id)),
    decideDeployment: (id, command, cause, known) => transact(deploymentOf(id), command, cause, known),
    decideEnvironment: (id, command, cause) => transact(environmentOf(id), command, cause),
  };
};

const nothingOf = <State>({ initial }: Readonly<{ initial: State }>): Loaded<State> => ({
  state: initial,
  version: -1,
});

const decoded = <Event extends { type: string }>(codec: EventCodec<Event>, stored: StoredEvent): Event => {
  const event = codec.decode(stored);
  if (E.isLeft(event)) throw new Fault(event.left);
  return event.right;
};

const toJson = (state: Environment): Json => JSON.parse(JSON.stringify(state));
