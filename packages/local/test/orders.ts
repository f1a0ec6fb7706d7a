/** Orders for the Runtime. */
import {
  type BuildInputs,
  DeploymentId,
  EnvironmentId,
  type Image,
  RunSpec,
  type StartOrder,
  type StepKey,
} from '@recourse/core';

export const startOrder = (
  key: StepKey,
  image: Image,
  inputs: BuildInputs,
  variables: Readonly<Record<string, string>> = {},
): StartOrder => ({
  key,
  deployment: DeploymentId.parse('d-1'),
  environment: EnvironmentId.parse('shop-production'),
  image,
  inputs,
  run: RunSpec.parse({
    port: 8080,
    health: { path: '/', withinMs: 30_000 },
    drainMs: 0,
    stopGraceMs: 10_000,
    memoryBytes: null,
    cpus: null,
    pidsMax: null,
  }),
  variables,
});
