/** One of each refusal, to show how it reads. The compiler refuses a code without a sample. */
import { DeploymentId, Digest, EnvironmentId, Fence, type Rejection } from '@recourse/core';

type Sampled = {
  readonly [Code in Rejection['code']]: Readonly<{
    /** Who gets to see it. */
    from: string;
    samples: readonly [Extract<Rejection, { code: Code }>, ...Extract<Rejection, { code: Code }>[]];
  }>;
};

const shop = EnvironmentId.parse('shop');
const d1 = DeploymentId.parse('d1');
const d2 = DeploymentId.parse('d2');
const digest = (digit: string) => Digest.parse(`sha256:${digit.repeat(64)}`);
const planning = 'planRollback, rollback';
const internal = 'between streams; platform code does not meet it';

export const rejections: Sampled = {
  InvalidInput: {
    from: 'every call',
    samples: [{ code: 'InvalidInput', field: 'source.ref', value: '"-x"', problem: 'must be a plain git ref name' }],
  },
  CommandReused: { from: 'deploy, rollback', samples: [{ code: 'CommandReused', deployment: d1 }] },
  DeploymentNotFound: { from: 'cancel, explain, settled', samples: [{ code: 'DeploymentNotFound', deployment: d1 }] },
  TargetNotFound: { from: planning, samples: [{ code: 'TargetNotFound', environment: shop, target: d1 }] },
  TargetNeverLive: { from: planning, samples: [{ code: 'TargetNeverLive', target: d1 }] },
  NothingToRollBackTo: {
    from: 'planRollback, rollback',
    samples: [{ code: 'NothingToRollBackTo', environment: shop }],
  },
  AlreadyLive: { from: planning, samples: [{ code: 'AlreadyLive', target: d1, live: d2 }] },
  NoWayBack: {
    from: `${planning}, rollbackOptions; also the code of a failed rollback`,
    samples: [
      { code: 'NoWayBack', target: d1, reason: 'no-source' },
      { code: 'NoWayBack', target: d1, reason: 'moved-ref' },
    ],
  },
  EnvironmentBusy: { from: 'rollback', samples: [{ code: 'EnvironmentBusy', environment: shop, with: d2 }] },
  StalePlan: { from: 'rollback with a plan', samples: [{ code: 'StalePlan', planned: d1, live: d2 }] },
  CommitMismatch: {
    from: 'the code of a failed build',
    samples: [{ code: 'CommitMismatch', ordered: '9f2c…', built: '41d0…' }],
  },
  DigestMismatch: {
    from: 'the code of a failed pull',
    samples: [{ code: 'DigestMismatch', ordered: digest('9'), pulled: digest('4') }],
  },
  PromotionStarted: { from: 'cancel', samples: [{ code: 'PromotionStarted', deployment: d1 }] },
  AlreadyEnded: { from: 'cancel', samples: [{ code: 'AlreadyEnded', deployment: d1, outcome: 'failed' }] },
  StaleFence: { from: internal, samples: [{ code: 'StaleFence', held: Fence.parse(8), shown: Fence.parse(7) }] },
  StaleOutcome: { from: internal, samples: [{ code: 'StaleOutcome', step: 'build', attempt: 1 }] },
  NotRequested: { from: internal, samples: [{ code: 'NotRequested' }] },
};
