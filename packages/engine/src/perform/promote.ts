import type { DeploymentCommand, Effect, PortError } from '@recourse/core';
import { kindOf, renderRejection } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Outcome, Performing } from './perform.ts';

type Promote = Extract<Effect, { type: 'Promote' }>;
type RestoreTraffic = Extract<Effect, { type: 'RestoreTraffic' }>;

/** A worker may come back to a promotion an hour after the health gate: the last look is right before the switch. */
const LAST_LOOK_WITHIN_MS = 5_000;

/** Switches the traffic, then lets the environment say so: that is the commit point. */
export const promote = (step: Promote, performing: Performing, since: () => number): Outcome =>
  pipe(
    lastLook(step, performing),
    TE.flatMap(() =>
      performing.ports.router.point(performing.request.environment, {
        upstream: step.instance,
        fence: step.release.fence,
      }),
    ),
    TE.flatMap(() => activate(step, performing, since)),
  );

const lastLook = ({ instance, spec }: Promote, { ports, signal }: Performing): TE.TaskEither<PortError, void> =>
  pipe(
    ports.health.check(instance.address, spec.health.path, { timeoutMs: LAST_LOOK_WITHIN_MS, signal }),
    TE.flatMap(({ healthy, detail }) => (healthy ? TE.right(undefined) : TE.left(noLongerHealthy(detail)))),
  );

const activate =
  ({ release, instanceKey, instance }: Promote, performing: Performing, since: () => number): Outcome =>
  async () => {
    const { journal, request } = performing;
    const { environment, deployment } = request;
    const activated = await journal.decideEnvironment(
      environment,
      { type: 'Activate', release, key: instanceKey, instance, kind: kindOf(request) },
      { actor: 'recourse', correlationId: deployment, causationId: instanceKey },
    );
    if (E.isLeft(activated)) return E.left(notOurs(renderRejection(activated.left).message));
    const { retiring } = activated.right.state;
    const previous = retiring.find(({ by }) => by === deployment)?.previous.release.deployment ?? null;
    const promoted: DeploymentCommand = {
      type: 'RecordPromoted',
      fence: release.fence,
      previous,
      durationMs: since(),
    };
    return E.right(promoted);
  };

/** Back to where the traffic was. A higher fence in the router means that somebody newer took care of it already. */
export const restoreTraffic = (
  { upstream, fence }: RestoreTraffic,
  { ports, request }: Performing,
): TE.TaskEither<PortError, void> =>
  pipe(
    ports.router.point(request.environment, { upstream, fence }),
    TE.orElse((error) => (error.code === 'router/stale-fence' ? TE.right(undefined) : TE.left(error))),
  );

const noLongerHealthy = (detail: string): PortError => ({
  kind: 'permanent',
  code: 'health/lost',
  message: `It was healthy, but no longer is (${detail}): it gets no traffic.`,
});

const notOurs = (message: string): PortError => ({ kind: 'permanent', code: 'engine/stale-fence', message });
