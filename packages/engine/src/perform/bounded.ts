/** An effect with its limits: a deadline, an ear for a cancellation from any process, and a net under the adapter. */
import type { CancelSignal, DeploymentCommand, DeploymentRequest, Effect, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import type { Advancing } from '../advance.ts';
import { cancellation } from '../cancellation.ts';
import { Fault } from '../fault.ts';
import { perform } from './perform.ts';

const LISTEN_EVERY_MS = 1_000;
/** How long an adapter may take to let go after its signal, before its answer is no longer waited for. */
const LET_GO_MS = 1_000;

type Bounded = E.Either<PortError, DeploymentCommand | null> | 'abandoned';

/** `abandoned`: it was stopped, because the deployment was cancelled or this worker must end; nobody failed. */
export const performBounded = async (
  advancing: Advancing,
  effect: Effect,
  request: DeploymentRequest,
  letGo: CancelSignal,
): Promise<Bounded> => {
  const { ports, journal, policy, activity } = advancing;
  const { clock } = ports;
  const { deployment } = request;
  const { deadlineMs } = policy[effect.effect];

  const over = cancellation();
  const cancelled = cancellation(letGo);
  const working = cancellation(cancelled.signal);
  const forget = activity.begin(deployment, cancelled.cancel);

  const progress = (text: string) => activity.report({ deployment, text });
  const performing = { ports, journal, request, signal: working.signal, progress };
  const work: Promise<Bounded> = perform(effect, performing)().catch((cause: unknown) => E.left(threw(cause)));

  const tooLate = clock.sleep(deadlineMs, over.signal).then(async (): Promise<Bounded> => {
    if (over.signal.aborted) return 'abandoned';
    working.cancel();
    await Promise.race([work, clock.sleep(LET_GO_MS, over.signal)]);
    return E.left(late(effect, deadlineMs));
  });
  const stopped = aborted(cancelled.signal, over.signal).then(async (): Promise<Bounded> => {
    await Promise.race([work, clock.sleep(LET_GO_MS, over.signal)]);
    return 'abandoned';
  });
  const listening = listenForCancel(advancing, request, cancelled.cancel, over.signal);
  // A defect in it is thrown below, when the work has ended; until then it must not bring the process down.
  listening.catch(() => undefined);

  try {
    return await Promise.race([work, tooLate, stopped]).then((first) =>
      cancelled.signal.aborted && isLeft(first) ? 'abandoned' : first,
    );
  } finally {
    forget();
    over.cancel();
    cancelled.release();
    working.release();
    await listening;
  }
};

const isLeft = (bounded: Bounded): boolean => bounded !== 'abandoned' && E.isLeft(bounded);

/** Resolves when the signal aborts; never, if `over` comes first. */
const aborted = (signal: CancelSignal, over: CancelSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else if (!over.aborted) signal.addEventListener('abort', resolve);
  });

/** The cancellation may have been written by another process: its event is the truth. */
const listenForCancel = async (
  { ports, journal }: Advancing,
  request: DeploymentRequest,
  cancel: () => void,
  over: CancelSignal,
): Promise<void> => {
  for (;;) {
    await ports.clock.sleep(LISTEN_EVERY_MS, over);
    if (over.aborted) return;
    try {
      const { state } = await journal.deployment(request.deployment);
      if (state.ending !== null) cancel();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
};

const late = ({ effect }: Effect, deadlineMs: number): PortError => ({
  kind: effect === 'build' ? 'permanent' : 'transient',
  code: 'engine/deadline',
  message: `${effect} did not end within ${deadlineMs} ms and was stopped.`,
});

/** An adapter must not throw. One that does is treated like an engine that is out of order. */
const threw = (cause: unknown): PortError =>
  cause instanceof Fault
    ? { kind: cause.kind, code: cause.code, message: cause.message, cause }
    : { kind: 'transient', code: 'engine/adapter-threw', message: `An adapter threw: ${String(cause)}`, cause };
