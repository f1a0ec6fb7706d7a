/** What is true outside of the streams: images, instances, the route. And what was asked of it and may still arrive. */
import {
  type Deployment,
  type DeploymentEvent,
  type DeploymentId,
  type Digest,
  type Environment,
  type EnvironmentEvent,
  EnvironmentId,
  evolveDeployment,
  evolveEnvironment,
  type Instance,
  type InstanceId,
  Instant,
  initialDeployment,
  initialEnvironment,
  type Route,
  type StepKey,
} from '@recourse/core';
import type { Chance } from './chance.ts';
import { deploymentLaws, environmentLaws } from './laws.ts';

export type Stream<State, Event> = Readonly<{ events: readonly Event[]; state: State }>;

export type Running = Readonly<{
  deployment: DeploymentId;
  digest: Digest;
  instance: Instance;
  alive: boolean;
}>;

export type World = {
  now: Instant;
  environment: Stream<Environment, EnvironmentEvent>;
  deployments: Map<DeploymentId, Stream<Deployment, DeploymentEvent>>;
  images: Readonly<{ here: Set<Digest>; registry: Set<Digest>; renamed: Set<Digest> }>;
  /** What every ref means now: it moves. */
  tip: number;
  running: Map<StepKey, Running>;
  /** Every instance that was ever asked, and was healthy. */
  passed: Map<InstanceId, DeploymentId>;
  route: Route | null;
  /** Requests whose worker died: they may still arrive. */
  inFlight: (() => unknown)[];
  /** What was broken, in words: by the streams or by the facts. */
  violations: string[];
};

export type Walking = Readonly<{ world: World; chance: Chance }>;

export const ENVIRONMENT = EnvironmentId.parse('shop');

export const newWorld = (): World => ({
  now: Instant.parse(1_000),
  environment: { events: [], state: initialEnvironment },
  deployments: new Map(),
  images: { here: new Set(), registry: new Set(), renamed: new Set() },
  tip: 0,
  running: new Map(),
  passed: new Map(),
  route: null,
  inFlight: [],
  violations: [],
});

export const deploymentOf = (world: World, id: DeploymentId): Stream<Deployment, DeploymentEvent> =>
  world.deployments.get(id) ?? { events: [], state: initialDeployment };

const factsOf = ({ environment, route }: World) => ({ environment: environment.state, route });

/** Appends if nobody else did since `version`, like every event store. */
export const appendToDeployment = (
  world: World,
  id: DeploymentId,
  version: number,
  events: readonly DeploymentEvent[],
): boolean => {
  const before = deploymentOf(world, id);
  if (before.events.length !== version) return false;
  const after = events.reduce((stream, event) => {
    for (const [law, holds] of Object.entries(deploymentLaws))
      if (!holds(event, stream.state, factsOf(world))) world.violations.push(`${law}: ${id} ${JSON.stringify(event)}`);
    return { events: [...stream.events, event], state: evolveDeployment(stream.state, event) };
  }, before);
  world.deployments.set(id, after);
  return true;
};

export const appendToEnvironment = (world: World, version: number, events: readonly EnvironmentEvent[]): boolean => {
  const before = world.environment;
  if (before.events.length !== version) return false;
  world.environment = events.reduce((stream, event) => {
    for (const [law, holds] of Object.entries(environmentLaws))
      if (!holds(event, stream.state, factsOf(world))) world.violations.push(`${law}: ${JSON.stringify(event)}`);
    return { events: [...stream.events, event], state: evolveEnvironment(stream.state, event) };
  }, before);
  return true;
};
