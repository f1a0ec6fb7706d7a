/** Orders with what does not matter filled in. */
import { randomUUID } from 'node:crypto';
import {
  type Builder,
  type BuildOrder,
  CommitId,
  DeploymentId,
  EnvironmentId,
  type Image,
  type PortError,
  RunSpec,
  type StartOrder,
  StepKey,
} from '@recourse/core';
import { type Project, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';

export const never = () => new AbortController().signal;

export const commit = CommitId.parse('c'.repeat(40));

const owner = (kind: string) => ({
  key: StepKey.parse(`${kind}-${randomUUID()}`),
  deployment: DeploymentId.parse('d-1'),
  environment: EnvironmentId.parse('shop-production'),
});

export const buildOrder = (inputs: BuildOrder['inputs'], more: Partial<BuildOrder> = {}): BuildOrder => ({
  ...owner('build'),
  commit,
  inputs,
  ...more,
});

export const treeOf = ({ tree }: Project): TE.TaskEither<PortError, AsyncIterable<Uint8Array>> => TE.fromIO(tree);

export const quiet = () => ({ onProgress: () => {}, signal: never() });

export const built = (builder: Builder, project: Project) =>
  right(builder.build(buildOrder(project.inputs), treeOf(project), quiet()));

export const runSpec = (more: Partial<RunSpec> = {}): RunSpec =>
  RunSpec.parse({
    port: 8080,
    health: { path: '/', withinMs: 30_000 },
    drainMs: 0,
    stopGraceMs: 10_000,
    memoryBytes: null,
    cpus: null,
    pidsMax: null,
    ...more,
  });

export const startOrder = (
  image: Image,
  inputs: StartOrder['inputs'],
  more: Partial<Pick<StartOrder, 'run' | 'variables'>> = {},
): StartOrder => ({ ...owner('run'), image, inputs, run: runSpec(), variables: {}, ...more });
