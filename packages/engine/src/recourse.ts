import {
  type DeploymentId,
  defaultPolicy,
  deploymentEvents,
  deploymentStream,
  type Environment,
  explainDeployment,
  type Rejection,
  type RollbackPlan,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { createActivity } from './activity.ts';
import type { Advancing } from './advance.ts';
import { Fault, orFault } from './fault.ts';
import { type HistoryPage, readHistory } from './history.ts';
import {
  type CancelInput,
  type DeployInput,
  type HistoryInput,
  type PlanInput,
  parseCancel,
  parseDeploy,
  parseDeploymentId,
  parseEnvironmentId,
  parseHistory,
  parsePlan,
  parseResume,
  parseRollback,
  type ResumeInput,
} from './input.ts';
import { createJournal } from './journal.ts';
import { optionsFor, planFor, type RollbackOption } from './plan.ts';
import type { RecourseOptions } from './ports.ts';
import { createOverview, type EnvironmentOverview } from './projection/overview.ts';
import { type Requested, requestDeploy, requestRollback } from './request.ts';
import { type Settled, settle } from './settle.ts';
import { createSweeper } from './sweep/sweeper.ts';
import { type Watched, type WatchOptions, watch } from './watch.ts';
import { startWorker, type Worker, type WorkOptions } from './worker.ts';

type Answer<A> = Promise<E.Either<Rejection, A>>;

/** Who asks for a rollback, why, and under which command id. */
type Asking = Readonly<{ actor: string; reason?: string | null; commandId?: string }>;

/**
 * A rollback as it was planned, which is refused if something else is live by now (`StalePlan`); or without a plan,
 * to the given target or the last other release that was live.
 */
export type RollbackInput = Asking & (Readonly<{ plan: RollbackPlan }> | PlanInput);

/** A refusal is a value, `Left(Rejection)`. Only a `Fault` is thrown: the store is away, an engine cannot be asked. */
export type Recourse = Readonly<{
  /** Asks for a release of this source to go live. Resolves when that is recorded, long before it is live. */
  deploy(input: DeployInput): Answer<Requested>;
  /** What a rollback would do now. Reads and probes; writes nothing. */
  planRollback(input: PlanInput): Answer<RollbackPlan>;
  rollback(input: RollbackInput): Answer<Requested>;
  /** Ends a deployment that has not begun to promote (`PromotionStarted` after that). What is live stays live. */
  cancel(input: CancelInput): Answer<Requested>;
  /** After a rollback, pushes wait: this lets them go on. */
  resumeAutoDeploy(input: ResumeInput): Answer<void>;
  /** What is live, who acts, who waits, and whether automatic deploys are held. Empty for one that is not known. */
  environment(environment: string): Answer<Environment>;
  /** Every environment that was ever asked for, with what is live in it and what is under way. */
  environments(): Promise<readonly EnvironmentOverview[]>;
  /** Forgets what `environments` and the sweeper know, and reads all of it from the store anew. */
  rebuildOverview(): Promise<void>;
  history(input: HistoryInput): Answer<HistoryPage>;
  /** The earlier releases, newest first, each with the plan of going back to it or why there is none. */
  rollbackOptions(environment: string): Answer<readonly RollbackOption[]>;
  /** Why it did what it did, in sentences, from its events alone. */
  explain(deployment: string): Answer<readonly string[]>;
  /** Resolves when a deployment is live, or has ended otherwise, and says how. Needs a worker somewhere. */
  settled(deployment: string): Answer<Settled>;
  watch(options?: WatchOptions): AsyncGenerator<Watched, void, undefined>;
  /** Starts to work on whatever is owed, and sweeps for what was forgotten. Any number of processes may. */
  work(options?: WorkOptions): Worker;
}>;

export const createRecourse = (options: RecourseOptions): Recourse => {
  const { policy, sweepEveryMs = 5_000, ...ports } = options;
  const journal = createJournal(ports);
  const activity = createActivity();
  const overview = createOverview(ports);
  const advancing: Advancing = { ports, journal, policy: { ...defaultPolicy, ...policy }, activity };

  return {
    deploy: (input) => given(parseDeploy(input), (command) => requestDeploy(advancing, command)),

    planRollback: (input) => given(parsePlan(input), (query) => planFor(advancing, query)),

    rollback: (input) =>
      given(parseRollback(input), ({ command, agreed }) => requestRollback(advancing, command, agreed)),

    cancel: (input) =>
      given(parseCancel(input), async ({ deployment, actor, reason }) => {
        const cause = { actor, correlationId: deployment, causationId: deployment };
        const cancelled = await journal.decideDeployment(deployment, { type: 'Cancel', actor, reason }, cause);
        if (E.isLeft(cancelled)) return notFound(cancelled.left, deployment);
        activity.cancel(deployment);
        await ports.queue.enqueue({ v: 1, deploymentId: deployment })();
        return E.right({ deployment });
      }),

    resumeAutoDeploy: (input) =>
      given(parseResume(input), async ({ environment, actor }) => {
        const cause = { actor, correlationId: environment, causationId: environment };
        const resumed = await journal.decideEnvironment(environment, { type: 'ResumeAutoDeploy', actor }, cause);
        if (E.isLeft(resumed)) return resumed;
        for (const { deployment } of resumed.right.state.waiting)
          await ports.queue.enqueue({ v: 1, deploymentId: deployment })();
        return E.right(undefined);
      }),

    environment: (environment) =>
      given(parseEnvironmentId(environment), async (id) => E.right((await journal.environment(id)).state)),

    environments: async () => {
      await overview.follow();
      return overview.environments();
    },

    rebuildOverview: () => overview.rebuild(),

    history: (input) => given(parseHistory(input), async (query) => E.right(await readHistory(ports, journal, query))),

    rollbackOptions: (environment) =>
      given(parseEnvironmentId(environment), async (id) => E.right(await optionsFor(advancing, id))),

    explain: (deployment) =>
      given(parseDeploymentId(deployment), async (id) => {
        const { events } = await orFault(ports.store.read({ stream: deploymentStream(id) }));
        if (events.length === 0) return E.left({ code: 'DeploymentNotFound', deployment: id });
        const decoded = events.map((stored) => {
          const event = deploymentEvents.decode(stored);
          if (E.isLeft(event)) throw new Fault(event.left);
          return event.right;
        });
        return E.right(explainDeployment(decoded));
      }),

    settled: (deployment) => given(parseDeploymentId(deployment), (id) => settle(ports, journal, id)),

    watch: (watching = {}) => watch(ports, activity, watching),

    work: (working = {}) => startWorker(advancing, createSweeper(ports, journal, overview, sweepEveryMs), working),
  };
};

const given = async <A, B>(parsed: E.Either<Rejection, A>, then: (input: A) => Answer<B>): Answer<B> =>
  E.isLeft(parsed) ? parsed : then(parsed.right);

const notFound = (rejection: Rejection, deployment: DeploymentId): E.Either<Rejection, never> =>
  E.left(rejection.code === 'NotRequested' ? { code: 'DeploymentNotFound', deployment } : rejection);
