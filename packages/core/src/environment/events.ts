/** What can be said of one environment. These names and fields are stored for ever: add to them, never change them. */
import { z } from 'zod';
import { Actor } from '../deployment/events.ts';
import { DeploymentId, Fence, StepKey, Text } from '../identity.ts';
import { Instance } from '../ports/runtime.ts';
import { Release } from '../release.ts';

const event = <Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) =>
  z.strictObject({ type: z.literal(type), ...fields });

export const DeploymentKind = z.enum(['deploy', 'rollback']);
export type DeploymentKind = z.infer<typeof DeploymentKind>;

export const EnvironmentEvent = z.discriminatedUnion('type', [
  /** A deployment stands in line. The order of these events is the order of the requests. */
  event('SlotRequested', {
    deployment: DeploymentId,
    kind: DeploymentKind,
    /** Set off by a push or a schedule: it waits while automatic deploys are held. */
    automatic: z.boolean(),
  }),
  event('SlotTaken', { deployment: DeploymentId, fence: Fence }),
  /** The promotion under `fence` will not happen; traffic goes back under `restoreFence` before the slot is free. */
  event('SlotAborting', { deployment: DeploymentId, fence: Fence, restoreFence: Fence, reason: Text }),
  /** The deployment is done here: it holds no slot, stands in no line, has nothing left to retire. */
  event('SlotReleased', { deployment: DeploymentId }),
  /** This release is live, and the slot is free. The commit point of every promotion. */
  event('Activated', {
    release: Release,
    key: StepKey,
    instance: Instance,
    previous: DeploymentId.nullable(),
    kind: DeploymentKind,
  }),
  event('AutoDeployHeld', { by: DeploymentId }),
  event('AutoDeployResumed', { actor: Actor }),
]);
export type EnvironmentEvent = z.infer<typeof EnvironmentEvent>;
