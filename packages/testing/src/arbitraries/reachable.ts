/** States that can come about: somewhere on a walk, at any moment of it. */
import {
  type Deployment,
  type Environment,
  evolveDeployment,
  evolveEnvironment,
  initialDeployment,
  initialEnvironment,
} from '@recourse/core';
import fc from 'fast-check';
import { type WalkOptions, walk } from './walk/walk.ts';

/** Print and shrink these, not the walk: the same options take the same walk. */
export const walkOptions: fc.Arbitrary<WalkOptions> = fc.record({
  seed: fc.integer(),
  turns: fc.integer({ min: 0, max: 500 }),
});

/**
 * A deployment and its environment, each as of some moment of the same walk: often not the same moment, because that
 * is how a slow worker sees them.
 */
export const reachable: fc.Arbitrary<Readonly<{ deployment: Deployment; environment: Environment }>> = fc
  .record({ options: walkOptions, which: fc.nat(), moment: fc.nat(), other: fc.nat() })
  .map(({ options, which, moment, other }) => {
    const { world } = walk({ ...options, turns: options.turns + 50 });
    const streams = [...world.deployments.values()];
    const events = streams[which % Math.max(1, streams.length)]?.events ?? [];
    const slots = world.environment.events;
    return {
      deployment: events.slice(0, moment % (events.length + 1)).reduce(evolveDeployment, initialDeployment),
      environment: slots.slice(0, other % (slots.length + 1)).reduce(evolveEnvironment, initialEnvironment),
    };
  });
