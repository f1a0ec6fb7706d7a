import * as core from '@recourse/core';
import { some } from '@recourse/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

type Schema = Readonly<{ safeParse(value: unknown): Readonly<{ success: boolean }> }>;

/** Each arbitrary, and the schema that what it makes must satisfy. */
const schemas: readonly (readonly [string, fc.Arbitrary<unknown>, Schema])[] = [
  ['deploymentId', some.deploymentId, core.DeploymentId],
  ['environmentId', some.environmentId, core.EnvironmentId],
  ['digest', some.digest, core.Digest],
  ['commitId', some.commitId, core.CommitId],
  ['fence', some.fence, core.Fence],
  ['instant', some.instant, core.Instant],
  ['stepKey', some.stepKey, core.StepKey],
  ['instanceId', some.instanceId, core.InstanceId],
  ['text', some.text, core.Text],
  ['actor', some.actor, core.Actor],
  ['gitRef', some.gitRef, core.GitRef],
  ['repositoryUrl', some.repositoryUrl, core.RepositoryUrl],
  ['treePath', some.treePath, core.TreePath],
  ['imageReference', some.imageReference, core.ImageReference],
  ['source', some.source, core.Source],
  ['buildInputs', some.buildInputs, core.BuildInputs],
  ['runSpec', some.runSpec, core.RunSpec],
  ['workload', some.workload, core.Workload],
  ['config', some.config, core.Config],
  ['image', some.image, core.Image],
  ['finding', some.finding, core.Finding],
  ['release', some.release, core.Release],
  ['address', some.address, core.Address],
  ['instance', some.instance, core.Instance],
  ['failure', some.failure, core.Failure],
  ['deploymentEvent', some.deploymentEvent, core.DeploymentEvent],
  ['environmentEvent', some.environmentEvent, core.EnvironmentEvent],
];

describe('what is made', () => {
  test.each(schemas)('%s is what its schema says', (_name, arbitrary, schema) => {
    fc.assert(fc.property(arbitrary, (value) => schema.safeParse(value).success));
  });

  test('comes equal often enough to be interesting', () => {
    const pairs = fc.sample(fc.tuple(some.deploymentId, some.deploymentId), { seed: 1, numRuns: 200 });
    expect(pairs.filter(([a, b]) => a === b).length).toBeGreaterThan(20);
  });

  test('is every type of event', () => {
    const types = (union: typeof core.DeploymentEvent | typeof core.EnvironmentEvent) =>
      union.options.map(({ shape }) => shape.type.value).sort();
    expect(Object.keys(some.deploymentEvents).sort()).toEqual(types(core.DeploymentEvent));
    expect(Object.keys(some.environmentEvents).sort()).toEqual(types(core.EnvironmentEvent));
  });

  test('is hostile where it is called so', () => {
    const texts = fc.sample(some.hostileText, { seed: 1, numRuns: 300 });
    expect(texts.some((text) => text.includes('\0'))).toBe(true);
    expect(texts.some((text) => !text.isWellFormed())).toBe(true);
    expect(texts.some((text) => text.length > 4_000)).toBe(true);
    expect(texts.some((text) => text.isWellFormed() && !text.slice(0, 1_000).isWellFormed())).toBe(true);
  });

  test('is a state that came about, often not of the same moment', () => {
    const states = fc.sample(some.reachable, { seed: 1, numRuns: 200 });
    const stages = new Set(states.map(({ deployment }) => stageOf(deployment)));
    expect([...stages].sort()).toEqual(['asked', 'ended', 'in flight', 'live', 'nothing']);
  });
});

const stageOf = ({ request, fence, ending, promoted }: core.Deployment): string => {
  if (request === null) return 'nothing';
  if (ending !== null) return 'ended';
  if (promoted) return 'live';
  return fence === null ? 'asked' : 'in flight';
};
