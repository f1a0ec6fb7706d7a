/** Arbitraries of the domain, by the name of what they make: `some.release`, `some.deploymentEvent`. */
import { anyDeployment, anyEnvironment, deploymentCommand, environmentCommand } from './commands.ts';
import {
  deploymentEvent,
  deploymentEvents,
  deploymentRequest,
  environmentEvent,
  environmentEvents,
  failure,
} from './events.ts';
import * as identity from './identity.ts';
import { reachable, walkOptions } from './reachable.ts';
import * as releases from './release.ts';
import { junk, large, spoiled } from './spoiled.ts';

export const some = {
  ...identity,
  ...releases,
  failure,
  deploymentRequest,
  deploymentEvent,
  /** One for each type. */
  deploymentEvents,
  environmentEvent,
  environmentEvents,
  deploymentCommand,
  environmentCommand,
  /** What any heap of events amounts to, possible or not. */
  anyDeployment,
  anyEnvironment,
  /** What a walk comes to. */
  reachable,
  walkOptions,
  /** What no parser may choke on. */
  junk,
  spoiled,
  large,
} as const;
