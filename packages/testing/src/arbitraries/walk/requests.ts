import {
  type CommitId,
  type DeploymentEventOf,
  type DeploymentId,
  type EnvironmentId,
  GitRef,
  ImageReference,
  RepositoryUrl,
  type Source,
  TreePath,
} from '@recourse/core';
import { ENVIRONMENT } from './world.ts';

const repository = RepositoryUrl.parse('https://git.example/shop.git');
const ref = GitRef.parse('main');
const directory = TreePath.parse('dist');
const dockerfile = TreePath.parse('Dockerfile');

/** What somebody may deploy when a ref means this commit. */
export const sourcesAt = (commit: CommitId): readonly [Source, ...Source[]] => [
  { kind: 'git', repository, commit, ref: null },
  { kind: 'git', repository, commit: null, ref },
  { kind: 'git', repository, commit, ref },
  { kind: 'image', reference: ImageReference.parse('shop:v1') },
];

const run = {
  port: 8080,
  health: { path: '/', withinMs: 1_000 },
  drainMs: 0,
  stopGraceMs: 0,
  memoryBytes: null,
  cpus: null,
  pidsMax: null,
};

type Manner = Readonly<{ automatic: boolean; runnable: boolean; environment?: EnvironmentId }>;

export const requestOf = (
  deployment: DeploymentId,
  source: Source,
  { automatic, runnable, environment = ENVIRONMENT }: Manner,
): DeploymentEventOf<'DeploymentRequested'> => ({
  type: 'DeploymentRequested',
  deployment,
  environment,
  source,
  workload: { build: buildOf(source, runnable), run },
  config: { variables: {}, secrets: {} },
  trigger: automatic ? 'push' : 'api',
  actor: 'ada',
  reason: null,
});

const buildOf = (source: Source, runnable: boolean) => {
  if (source.kind === 'image') return { preset: 'image' } as const;
  return runnable
    ? ({ preset: 'dockerfile', dockerfile } as const)
    : ({ preset: 'static', directory, runnable } as const);
};
