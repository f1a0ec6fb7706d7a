/** Refusals of the domain. A refusal is a value with its facts; it appended nothing and disturbed nothing. */
import { match } from 'ts-pattern';
import type { EffectName } from './deployment/events.ts';
import type { DeploymentId, Digest, EnvironmentId, Fence } from './identity.ts';

export type Rejection = Readonly<
  /** `value` is shortened. It is what was given for `field`, and `problem` what is wrong with it. */
  | { code: 'InvalidInput'; field: string; value: string; problem: string }
  | { code: 'CommandReused'; deployment: DeploymentId }
  | { code: 'DeploymentNotFound'; deployment: DeploymentId }
  | { code: 'TargetNotFound'; environment: EnvironmentId; target: DeploymentId }
  | { code: 'TargetNeverLive'; target: DeploymentId }
  | { code: 'NothingToRollBackTo'; environment: EnvironmentId }
  | { code: 'AlreadyLive'; target: DeploymentId; live: DeploymentId }
  | { code: 'NoWayBack'; target: DeploymentId; reason: 'no-source' | 'moved-ref' }
  | { code: 'EnvironmentBusy'; environment: EnvironmentId; with: DeploymentId }
  | { code: 'StalePlan'; planned: DeploymentId | null; live: DeploymentId | null }
  | { code: 'CommitMismatch'; ordered: string; built: string | null }
  | { code: 'DigestMismatch'; ordered: Digest; pulled: Digest }
  | { code: 'PromotionStarted'; deployment: DeploymentId }
  | { code: 'AlreadyEnded'; deployment: DeploymentId; outcome: string }
  | { code: 'StaleFence'; held: Fence | null; shown: Fence }
  | { code: 'StaleOutcome'; step: EffectName; attempt: number }
  | { code: 'NotRequested' }
>;

/** What to tell a person: what is wrong, and what can be done about it. */
export const renderRejection = (rejection: Rejection): Readonly<{ message: string; remedy: string }> =>
  match(rejection)
    .returnType<{ message: string; remedy: string }>()
    .with({ code: 'InvalidInput' }, ({ field, value, problem }) => ({
      message: `${field} ${problem}; it was ${value}.`,
      remedy: `Correct ${field} and send the command again.`,
    }))
    .with({ code: 'CommandReused' }, ({ deployment }) => ({
      message: `This command id belongs to another request, which made deployment ${deployment}.`,
      remedy: 'Give every request a command id of its own; repeat one only with the same content.',
    }))
    .with({ code: 'DeploymentNotFound' }, ({ deployment }) => ({
      message: `There is no deployment ${deployment}.`,
      remedy: 'Take an id from the history of the environment.',
    }))
    .with({ code: 'TargetNotFound' }, ({ environment, target }) => ({
      message: `Environment ${environment} has no deployment ${target}.`,
      remedy: 'Take a target from rollbackOptions or from the history.',
    }))
    .with({ code: 'TargetNeverLive' }, ({ target }) => ({
      message: `Deployment ${target} never served traffic, so nothing proves that it works.`,
      remedy: 'Choose a release that was live, or deploy that commit instead.',
    }))
    .with({ code: 'NothingToRollBackTo' }, ({ environment }) => ({
      message: `Environment ${environment} has no earlier release that was live.`,
      remedy: 'Deploy another commit instead.',
    }))
    .with({ code: 'AlreadyLive' }, ({ target, live }) => ({
      message: `The release of deployment ${target} is live already (as deployment ${live}).`,
      remedy: 'Nothing needs doing; to start it afresh, deploy it again.',
    }))
    .with({ code: 'NoWayBack', reason: 'no-source' }, ({ target }) => ({
      message: `The image of deployment ${target} is gone or cannot run, and there is no source to rebuild it from.`,
      remedy: 'Put the image back into the engine or its registry, or choose another target.',
    }))
    .with({ code: 'NoWayBack', reason: 'moved-ref' }, ({ target }) => ({
      message: `The image of deployment ${target} is gone or cannot run, and its source names a branch or tag but no commit.`,
      remedy: 'Set acceptMovedRef to build what that ref means today, which may be another release.',
    }))
    .with({ code: 'EnvironmentBusy' }, ({ environment, with: other }) => ({
      message: `Environment ${environment} is being rolled back to that release already, by deployment ${other}.`,
      remedy: `Watch deployment ${other}.`,
    }))
    .with({ code: 'StalePlan' }, ({ planned, live }) => ({
      message: `The plan was made while ${planned ?? 'nothing'} was live; now ${live ?? 'nothing'} is.`,
      remedy: 'Make a new plan and look at it.',
    }))
    .with({ code: 'CommitMismatch' }, ({ ordered, built }) => ({
      message: `The build was ordered at commit ${ordered}, but the image says ${built ?? 'no commit'}.`,
      remedy: 'Check that the build does not overwrite the commit label, and that the builder got this source tree.',
    }))
    .with({ code: 'DigestMismatch' }, ({ ordered, pulled }) => ({
      message: `The image ${ordered} was to be pulled, but ${pulled} came.`,
      remedy: 'Check the registry: what it keeps under this digest is not what was built.',
    }))
    .with({ code: 'PromotionStarted' }, ({ deployment }) => ({
      message: `Deployment ${deployment} is being switched to already and can no longer be cancelled.`,
      remedy: 'Let it finish, then roll back.',
    }))
    .with({ code: 'AlreadyEnded' }, ({ deployment, outcome }) => ({
      message: `Deployment ${deployment} has ended already: ${outcome}.`,
      remedy: 'Nothing needs doing.',
    }))
    .with({ code: 'StaleFence' }, ({ held, shown }) => ({
      message: `Fence ${shown} does not hold the slot (${held ?? 'nobody'} does).`,
      remedy: 'Read the environment again.',
    }))
    .with({ code: 'StaleOutcome' }, ({ step, attempt }) => ({
      message: `Attempt ${attempt} of ${step} is over already.`,
      remedy: 'Read the deployment again.',
    }))
    .with({ code: 'NotRequested' }, () => ({
      message: 'Nothing was ever requested under this deployment id.',
      remedy: 'Request a deployment first.',
    }))
    .exhaustive();
