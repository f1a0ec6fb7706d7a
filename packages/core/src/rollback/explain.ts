/** Why a deployment did what it did, from its events alone. */
import { match } from 'ts-pattern';
import type { DeploymentEvent } from '../deployment/events.ts';
import type { Source } from '../release.ts';

const short = (id: string): string => id.replace('sha256:', '').slice(0, 12);

const named = (source: Source): string => {
  if (source.kind === 'image') return source.reference;
  return source.commit === null ? (source.ref ?? source.repository) : short(source.commit);
};

const by = (actor: string, reason: string | null): string =>
  reason === null ? `by ${actor}` : `by ${actor}: ${reason}`;

const rebuildReasons = {
  pruned: 'the image was gone',
  changed: 'the image was gone and its name meant another one',
  'not-runnable': 'the image cannot run by itself',
} as const;

/** One sentence an event; null for what only matters to the machine. */
export const explainEvent = (event: DeploymentEvent): string | null =>
  match(event)
    .returnType<string | null>()
    .with({ type: 'DeploymentRequested' }, ({ source, trigger, actor, reason }) => {
      return `A deploy of ${named(source)} was requested (${trigger}) ${by(actor, reason)}.`;
    })
    .with(
      { type: 'RollbackRequested' },
      ({ target, configMode, actor, reason }) =>
        `A rollback to the release of ${target.deployment} was requested, with the configuration of ${configMode}, ${by(actor, reason)}.`,
    )
    .with({ type: 'Admitted' }, ({ fence }) => `It got the environment's slot, with fence ${fence}.`)
    .with({ type: 'StepStarted' }, ({ step, attempt, run }) =>
      run > 1 ? `Another worker took up ${step} (attempt ${attempt}, run ${run}).` : null,
    )
    .with({ type: 'StepFailed' }, ({ step, attempt, error, retryAt }) => {
      const after = retryAt === null ? 'It was not tried again.' : 'It was tried again.';
      return `Attempt ${attempt} of ${step} failed (${error.code}): ${error.message} ${after}`;
    })
    .with(
      { type: 'ImageProbed' },
      ({ image, finding }) => `The look for image ${short(image.digest)} found: ${finding}.`,
    )
    .with({ type: 'ImageReused' }, ({ image }) => `Image ${short(image.digest)} was reused: the same digest was here.`)
    .with({ type: 'ImagePulled' }, ({ image }) => `Image ${short(image.digest)} was pulled.`)
    .with({ type: 'BuildScheduled' }, ({ commit, ref }) =>
      ref === null
        ? `Commit ${short(commit)} was to be built.`
        : `Commit ${short(commit)} was to be built, as ${ref} meant then.`,
    )
    .with({ type: 'RebuildScheduled' }, ({ commit, reason, movedRef }) =>
      movedRef === null
        ? `Commit ${short(commit)} was to be rebuilt, because ${rebuildReasons[reason]}.`
        : `Commit ${short(commit)} was to be built, as ${movedRef} meant then, because ${rebuildReasons[reason]} and no commit was known.`,
    )
    .with(
      { type: 'Built' },
      ({ image, commit, durationMs }) =>
        `Image ${short(image.digest)} was built in ${durationMs} ms; it says of itself that it is commit ${short(commit)}.`,
    )
    .with({ type: 'InstanceStarted' }, ({ instance }) => `Instance ${short(instance.id)} was started.`)
    .with({ type: 'HealthChecked' }, ({ healthy, attempts, detail }) =>
      healthy
        ? `It was healthy at check ${attempts} (${detail}).`
        : `It was not healthy after ${attempts} checks (${detail}).`,
    )
    .with({ type: 'Promoted' }, ({ previous }) =>
      previous === null ? 'It went live as the first release.' : `It went live in place of ${previous}.`,
    )
    .with({ type: 'Retired' }, ({ by: other }) => `It was replaced by ${other}.`)
    .with({ type: 'InstanceStopped' }, () => 'Its instance was stopped.')
    .with({ type: 'CancellationRequested' }, ({ actor, reason }) => `It was asked to stop ${by(actor, reason)}.`)
    .with({ type: 'Cancelled' }, () => 'It ended as cancelled; what was live stayed live.')
    .with({ type: 'Superseded' }, ({ by: other }) => `It never started, because ${other} is newer.`)
    .with({ type: 'DeploymentFailed' }, ({ step, error }) => {
      const where = step === null ? '' : ` at ${step}`;
      return `It failed${where} (${error.code}): ${error.message} What was live stayed live.`;
    })
    .exhaustive();

export const explainDeployment = (events: readonly DeploymentEvent[]): readonly string[] =>
  events.flatMap((event) => explainEvent(event) ?? []);
