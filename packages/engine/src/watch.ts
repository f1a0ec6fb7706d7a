/** What happens, as it happens: every event that is recorded, and what the builds of this process print. */
import {
  type CancelSignal,
  type DeploymentEvent,
  type DeploymentId,
  deploymentEvents,
  deploymentStream,
  type EnvironmentEvent,
  type EnvironmentId,
  environmentEvents,
  environmentStream,
  type Position,
  type StoredEvent,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Activity } from './activity.ts';
import { cancellation } from './cancellation.ts';
import { Fault, orFault } from './fault.ts';
import type { Ports } from './ports.ts';

export type Watched = Readonly<
  | { type: 'event'; event: DeploymentEvent | EnvironmentEvent; stored: StoredEvent }
  /** An event that this version cannot read. */
  | { type: 'unreadable'; problem: string; stored: StoredEvent }
  /** A line of a build or of an instance that failed, from a worker in this process. Not recorded. */
  | { type: 'progress'; deployment: DeploymentId; text: string }
>;

export type WatchOptions = Readonly<{
  /** Only this deployment. */
  deployment?: DeploymentId;
  /** Only this environment: its own stream, and the deployments that are seen to belong to it. */
  environment?: EnvironmentId;
  /** Everything after this position; `null` from the beginning. Default: from now on. */
  after?: Position | null;
  /** Ends the iteration, like leaving the loop does. */
  signal?: CancelSignal;
}>;

/** Whoever does not keep up loses progress lines first; events are never dropped. */
const PROGRESS_MAX = 1000;

export const watch = async function* (
  { store }: Ports,
  activity: Activity,
  options: WatchOptions,
): AsyncGenerator<Watched, void, undefined> {
  const { signal } = options;
  const ending = cancellation(...(signal === undefined ? [] : [signal]));
  const concerns = interestIn(options);
  const waiting: Watched[] = [];
  let wake: () => void = () => undefined;
  let failure: Fault | null = null;

  const push = (watched: Watched) => {
    waiting.push(watched);
    wake();
  };
  ending.signal.addEventListener('abort', () => wake());
  const deaf = activity.listen(({ deployment, text }) => {
    if (concerns.deployment(deployment) && waiting.length < PROGRESS_MAX) push({ type: 'progress', deployment, text });
  });

  try {
    const after = options.after === undefined ? await orFault(store.head()) : options.after;
    const subscribed = store
      .subscribe({ after, signal: ending.signal }, async (events) => {
        for (const stored of events) if (concerns.event(stored)) push(toWatched(stored));
      })()
      .then((end) => {
        if (E.isLeft(end)) failure = new Fault(end.left);
        ending.cancel();
      });
    for (;;) {
      const watched = waiting.shift();
      if (watched !== undefined) yield watched;
      else if (ending.signal.aborted) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    await subscribed;
    if (failure !== null) throw failure;
  } finally {
    deaf();
    ending.cancel();
    ending.release();
  }
};

const toWatched = (stored: StoredEvent): Watched => {
  const decoded: E.Either<{ message: string }, DeploymentEvent | EnvironmentEvent> = stored.stream.startsWith(
    'deployment-',
  )
    ? deploymentEvents.decode(stored)
    : environmentEvents.decode(stored);
  return E.isRight(decoded)
    ? { type: 'event', event: decoded.right, stored }
    : { type: 'unreadable', problem: decoded.left.message, stored };
};

/** A request says to which environment its deployment belongs; the line of the environment says it of older ones. */
const interestIn = ({ deployment, environment }: WatchOptions) => {
  const known = new Set<string>();
  const named = (stored: StoredEvent, field: string): unknown =>
    typeof stored.data === 'object' && stored.data !== null ? Reflect.get(stored.data, field) : undefined;

  return {
    deployment: (id: DeploymentId): boolean =>
      deployment === undefined ? environment === undefined || known.has(deploymentStream(id)) : id === deployment,

    event: (stored: StoredEvent): boolean => {
      if (deployment !== undefined) return stored.stream === deploymentStream(deployment);
      if (environment === undefined) return true;
      const own = stored.stream === environmentStream(environment);
      const member = named(stored, 'deployment');
      if (own && typeof member === 'string') known.add(`deployment-${member}`);
      if (named(stored, 'environment') === environment) known.add(stored.stream);
      return own || known.has(stored.stream);
    },
  };
};
