/** Performs one effect through its port and says what came of it, as a command for the decider. */
import type { CancelSignal, DeploymentCommand, DeploymentRequest, Effect, PortError } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { match } from 'ts-pattern';
import type { Journal } from '../journal.ts';
import type { Ports } from '../ports.ts';
import { becomeHealthy } from './check-health.ts';
import { promote, restoreTraffic } from './promote.ts';
import { retirePrevious } from './retire-previous.ts';
import { startInstance } from './start.ts';

export type Performing = Readonly<{
  ports: Ports;
  journal: Journal;
  request: DeploymentRequest;
  signal: CancelSignal;
  /** For whoever watches; never recorded. */
  progress: (text: string) => void;
}>;

/** Null: the effect recorded itself where it belongs. */
export type Outcome = TE.TaskEither<PortError, DeploymentCommand | null>;

export const perform = (effect: Effect, performing: Performing): Outcome => {
  const { ports, signal, request, progress } = performing;
  const { deployment, environment } = request;
  const { key, attempt } = effect;
  const of = { key, attempt };
  const since = stopwatch(performing);

  return match(effect)
    .returnType<Outcome>()
    .with({ type: 'ResolveSource' }, ({ source }) =>
      source.ref === null
        ? TE.left(noRef(source.repository))
        : pipe(
            ports.sources.resolve(source.repository, source.ref, signal),
            TE.map((commit) => ({ type: 'RecordResolved', ...of, commit })),
          ),
    )
    .with({ type: 'ProbeImage' }, ({ image }) =>
      pipe(
        ports.images.probe(image),
        TE.map((finding) => ({ type: 'RecordProbe', ...of, finding })),
      ),
    )
    .with({ type: 'PullImage' }, ({ image }) =>
      pipe(
        typeof image === 'string'
          ? ports.images.resolve(image, signal)
          : pipe(
              ports.images.pull(image, signal),
              TE.map(() => image),
            ),
        TE.map((pulled) => ({ type: 'RecordPulled', ...of, image: pulled, durationMs: since() })),
      ),
    )
    .with({ type: 'Build' }, ({ source, commit, inputs }) =>
      pipe(
        ports.builder.build(
          { key, deployment, environment, commit, inputs },
          ports.sources.tree(source.repository, commit, signal),
          { onProgress: ({ text }) => progress(text), signal },
        ),
        TE.map((built) => ({ type: 'RecordBuilt', ...of, built, durationMs: since() })),
      ),
    )
    .with({ type: 'Start' }, (start) =>
      pipe(
        startInstance(start, performing),
        TE.map((instance) => ({ type: 'RecordStarted', ...of, instance, durationMs: since() })),
      ),
    )
    .with({ type: 'CheckHealth' }, (check) =>
      pipe(
        becomeHealthy(check, performing),
        TE.map((health) => ({ type: 'RecordHealth', ...of, ...health, durationMs: since() })),
      ),
    )
    .with({ type: 'Promote' }, (step) => promote(step, performing, since))
    .with({ type: 'RestoreTraffic' }, (step) =>
      pipe(
        restoreTraffic(step, performing),
        TE.map(() => ({ type: 'RecordRestored', ...of })),
      ),
    )
    .with({ type: 'RetirePrevious' }, (step) => retirePrevious(step, performing))
    .with({ type: 'StopInstance' }, ({ graceMs }) =>
      pipe(
        ports.runtime.stop(key, { graceMs }),
        TE.map(() => ({ type: 'RecordStopped', key })),
      ),
    )
    .exhaustive();
};

const stopwatch = ({ ports: { clock } }: Performing): (() => number) => {
  const from = clock.now();
  return () => Math.max(0, clock.now() - from);
};

const noRef = (repository: string): PortError => ({
  kind: 'permanent',
  code: 'sources/ref-not-found',
  message: `Neither a commit nor a ref of ${repository} was given.`,
});
