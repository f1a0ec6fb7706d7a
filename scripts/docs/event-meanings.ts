/**
 * What each event and each of its fields says. The schemas say what is possible, these sentences what is meant; the
 * compiler refuses an event or a field without one.
 */
import type { DeploymentEvent, EnvironmentEvent } from '@recourse/core';

export type Meanings<Event extends { type: string }> = {
  readonly [Type in Event['type']]: Readonly<{
    says: string;
    fields: { readonly [Field in Exclude<keyof Extract<Event, { type: Type }>, 'type'>]: string };
  }>;
};

const self = 'this deployment';
const actor = 'who asked';
const reason = 'why, in their words';
const took = 'how long it took';
const key = 'names the effect; whoever does it again under this key finds what was done';
const imageMeant = 'the image, by digest';

export const deploymentMeanings: Meanings<DeploymentEvent> = {
  DeploymentRequested: {
    says: 'Somebody asked for a release of this source. Always the first event, unless it is `RollbackRequested`.',
    fields: {
      deployment: self,
      environment: 'where it is to go live',
      source: 'what to build, or which image to run',
      workload: 'how to build and how to run it',
      config: 'variables by value, secrets by reference',
      trigger: 'what set it off; `push` and `schedule` wait while automatic deploys are held',
      actor,
      reason,
    },
  },
  RollbackRequested: {
    says: 'Somebody asked for an earlier release to come back. Always the first event, unless it is `DeploymentRequested`.',
    fields: {
      deployment: self,
      environment: 'where it is to come back',
      target: 'the release as it was when it was live; whatever changes since, this is what is meant',
      configMode: 'which configuration was chosen: that of the target, or the one live at the request',
      config: 'what that choice came to',
      acceptMovedRef: 'whether a target known by branch or tag only may be built at what that means now',
      actor,
      reason,
    },
  },
  Admitted: {
    says: "It holds the environment's slot: it may act.",
    fields: { fence: 'grows with every admission to the environment; shown at the switch' },
  },
  StepStarted: {
    says: 'An effect is about to be done. Written before it, so that what may be happening out there is known.',
    fields: {
      step: 'which effect',
      attempt: 'one more than the failed attempts of this step',
      run: 'above 1: another worker took up the same attempt',
      key,
    },
  },
  StepFailed: {
    says: 'An attempt failed.',
    fields: {
      step: 'of which effect',
      attempt: 'which attempt',
      key,
      error: 'what went wrong',
      retryAt: 'when it is tried again; null: it is not',
    },
  },
  ImageProbed: {
    says: 'Somebody looked for the image of the target. A look that failed is a `StepFailed`, never a finding.',
    fields: { image: 'what was looked for', finding: 'what was found' },
  },
  ImageReused: { says: 'The very image is here and will be started.', fields: { image: imageMeant } },
  ImagePulled: {
    says: 'The image was fetched from its registry. Of a deploy of an image: what its reference meant.',
    fields: { image: imageMeant, durationMs: took },
  },
  BuildScheduled: {
    says: 'A deploy will build this commit.',
    fields: { commit: 'what will be built', ref: 'the branch or tag that meant it; null if a commit was asked for' },
  },
  RebuildScheduled: {
    says: 'A rollback will build, because the image cannot be had.',
    fields: {
      commit: 'what will be built: the commit that was live, unless `movedRef` is set',
      reason: 'why the image cannot be used',
      movedRef:
        'set if the target had no commit: this is what the ref means now, knowingly accepted as another release',
    },
  },
  Built: {
    says: 'The build is done, and the image says of itself that it is the commit that was ordered.',
    fields: {
      image: imageMeant,
      commit: 'as read back from the image',
      runnable: 'whether the image can run by itself; one that cannot is built again on a rollback',
      durationMs: took,
    },
  },
  InstanceStarted: {
    says: 'An instance runs. It gets no traffic yet.',
    fields: { key, instance: 'what the runtime calls it, and where it listens', durationMs: took },
  },
  HealthChecked: {
    says: 'The health gate has an answer.',
    fields: {
      healthy: 'whether it may get traffic',
      attempts: 'how often it was asked',
      durationMs: took,
      detail: 'the last answer, in a word; never what the app said',
    },
  },
  Promoted: {
    says: 'It is live. A consequence of `Activated` on the environment, never its cause.',
    fields: {
      previous: 'what was live before; null if it is the first',
      fence: 'under which the traffic was switched',
      durationMs: `${took}; 0 if it was written after a crash`,
    },
  },
  Retired: { says: 'It was live, and something else is now.', fields: { by: 'the deployment that replaced it' } },
  InstanceStopped: { says: 'The instance of this key is gone.', fields: { key } },
  CancellationRequested: {
    says: 'It was asked to stop, by a person or by a rollback that goes ahead.',
    fields: { actor, reason },
  },
  Cancelled: { says: 'It ended because of that. What was live stayed live.', fields: {} },
  Superseded: {
    says: 'It ended before it began, because another request made it pointless.',
    fields: { by: 'that other deployment' },
  },
  DeploymentFailed: {
    says: 'It ended without going live. What was live stayed live.',
    fields: { step: 'where it failed', error: 'what went wrong' },
  },
};

export const environmentMeanings: Meanings<EnvironmentEvent> = {
  SlotRequested: {
    says: 'A deployment stands in line. The order of these events is the order of the requests.',
    fields: {
      deployment: 'who',
      kind: 'a rollback goes ahead of deploys',
      automatic: 'set off by a push or a schedule: it waits while automatic deploys are held',
    },
  },
  SlotTaken: {
    says: 'A deployment may act. It is the only one.',
    fields: { deployment: 'who', fence: 'its fence, one more than the last one given' },
  },
  SlotAborting: {
    says: 'A promotion will not happen; the traffic goes back before the slot is free.',
    fields: {
      deployment: 'whose promotion',
      fence: 'the fence that it had',
      restoreFence: 'the higher one under which the traffic goes back',
      reason: 'why',
    },
  },
  SlotReleased: {
    says: 'The deployment is done here: it holds no slot, stands in no line, has nothing left to retire.',
    fields: { deployment: 'who' },
  },
  Activated: {
    says: 'This release is live, and the slot is free. The commit point of every promotion.',
    fields: {
      release: 'everything that is true of what went live',
      key: 'under which its instance was started',
      instance: 'its instance',
      previous: 'what was live before; null if it is the first',
      kind: 'by a deploy or by a rollback',
    },
  },
  AutoDeployHeld: {
    says: 'Pushes and schedules wait from now on.',
    fields: { by: 'the rollback that they must not undo' },
  },
  AutoDeployResumed: { says: 'Pushes and schedules go on.', fields: { actor: 'who said so' } },
};
