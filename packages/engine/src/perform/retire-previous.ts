import type { CancelSignal, Effect, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Outcome, Performing } from './perform.ts';

type RetirePrevious = Extract<Effect, { type: 'RetirePrevious' }>;

const LOOK_EVERY_MS = 50;

/**
 * Lets the replaced instance finish its requests, stops it, and writes into its stream by whom it was replaced. Only
 * after the router has confirmed, once more, that it points elsewhere.
 */
export const retirePrevious = (step: RetirePrevious, performing: Performing): Outcome => {
  const { ports, journal, request, signal } = performing;
  const { deployment } = request;
  const { release, key, instance } = step.previous;
  const { drainMs, stopGraceMs } = release.workload.run;
  return pipe(
    assertTraffic(performing),
    TE.flatMap(() => drained(step, drainMs, performing, signal)),
    TE.flatMap(() => ports.runtime.stop(key, { graceMs: stopGraceMs })),
    TE.flatMap(() =>
      TE.fromTask(async () => {
        // Not left to the release of the slot: somebody with an older view may have released it before.
        const cause = { actor: 'recourse', correlationId: deployment, causationId: instance.id };
        await journal.decideDeployment(release.deployment, { type: 'Retire', by: deployment, key }, cause);
        return null;
      }),
    ),
  );
};

/** A router that was restarted empty since the switch, and given the old route meanwhile, is put right first. */
const assertTraffic = ({ ports, journal, request: { environment } }: Performing): TE.TaskEither<PortError, void> =>
  pipe(
    TE.fromTask(() => journal.environment(environment)),
    TE.flatMap(({ state: { live } }) =>
      live === null
        ? TE.right(undefined)
        : ports.router.point(environment, { upstream: live.instance, fence: live.routeFence }),
    ),
    // Something newer still is being promoted: that is elsewhere, too.
    TE.orElse((error) => (error.code === 'router/stale-fence' ? TE.right(undefined) : TE.left(error))),
  );

const drained =
  (
    { previous }: RetirePrevious,
    drainMs: number,
    { ports, request: { environment } }: Performing,
    signal: CancelSignal,
  ): TE.TaskEither<PortError, void> =>
  async () => {
    const until = ports.clock.now() + drainMs;
    for (;;) {
      const open = await ports.router.openRequests(environment, previous.instance.id)();
      if (E.isLeft(open)) return open;
      if (open.right === 0 || ports.clock.now() >= until) return E.right(undefined);
      if (signal.aborted)
        return E.left({ kind: 'transient', code: 'engine/cancelled', message: 'The drain was cancelled.' });
      await ports.clock.sleep(LOOK_EVERY_MS, signal);
    }
  };
