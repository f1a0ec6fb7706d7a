import {
  type Address,
  type BuildInputs,
  type Config,
  Finding,
  GitRef,
  type Image,
  ImageReference,
  type Instance,
  type Release,
  RepositoryUrl,
  type RunSpec,
  type Source,
  TreePath,
  type Workload,
} from '@recourse/core';
import fc from 'fast-check';
import { commitId, deploymentId, digest, fence, instanceId, text } from './identity.ts';

export const gitRef = fc
  .constantFrom('main', 'v1.2.3', 'refs/heads/feature/x', 'größe')
  .map((ref) => GitRef.parse(ref));

export const repositoryUrl = fc
  .constantFrom('https://git.example/shop.git', 'git@git.example:team/shop.git', 'file:///srv/git/shop')
  .map((url) => RepositoryUrl.parse(url));

export const treePath = fc
  .constantFrom('Dockerfile', 'apps/shop/Dockerfile', 'dist', '.')
  .map((path) => TreePath.parse(path));

export const imageReference = fc
  .constantFrom('shop:v1', 'registry.example:5000/team/shop:v2', `shop@sha256:${'d'.repeat(64)}`)
  .map((reference) => ImageReference.parse(reference));

const git = fc.constant('git' as const);
const unknown = fc.constant(null);

/** The four kinds of source that a restore can meet. */
export const sources: Readonly<Record<'commit' | 'ref' | 'nothing' | 'image', fc.Arbitrary<Source>>> = {
  commit: fc.record({ kind: git, repository: repositoryUrl, commit: commitId, ref: fc.option(gitRef, { nil: null }) }),
  ref: fc.record({ kind: git, repository: repositoryUrl, commit: unknown, ref: gitRef }),
  nothing: fc.record({ kind: git, repository: repositoryUrl, commit: unknown, ref: unknown }),
  image: fc.record({ kind: fc.constant('image' as const), reference: imageReference }),
};

export const source = fc.oneof(sources.commit, sources.ref, sources.nothing, sources.image);

const argv = fc.array(fc.string({ maxLength: 10 }), { minLength: 1, maxLength: 3 });

export const buildInputs: fc.Arbitrary<BuildInputs> = fc.oneof(
  fc.record({ preset: fc.constant('dockerfile' as const), dockerfile: treePath }),
  fc.record({ preset: fc.constant('static' as const), directory: treePath, runnable: fc.boolean() }),
  fc.record({ preset: fc.constant('command' as const), build: fc.option(argv), start: argv }),
  fc.record({ preset: fc.constant('image' as const) }),
);

const ms = fc.integer({ min: 0, max: 3_600_000 });

export const runSpec: fc.Arbitrary<RunSpec> = fc.record({
  port: fc.integer({ min: 1, max: 65_535 }),
  health: fc.record({
    path: fc.constantFrom('/', '/healthz?deep=1'),
    withinMs: fc.integer({ min: 1, max: 3_600_000 }),
  }),
  drainMs: ms,
  stopGraceMs: ms,
  memoryBytes: fc.option(fc.integer({ min: 1 })),
  cpus: fc.option(fc.constantFrom(0.25, 1, 64)),
  pidsMax: fc.option(fc.integer({ min: 1 })),
});

export const workload: fc.Arbitrary<Workload> = fc.record({ build: buildInputs, run: runSpec });

const variableName = fc.constantFrom('PORT', 'DATABASE_URL', '_x', 'constructor', 'toString');

export const config: fc.Arbitrary<Config> = fc.record({
  variables: fc.dictionary(variableName, text, { maxKeys: 3 }),
  secrets: fc.dictionary(
    variableName,
    fc.record({ reference: fc.constantFrom('SHOP_KEY', 'vault:shop/key'), fingerprint: fc.option(fc.constant('f1')) }),
    { maxKeys: 2 },
  ),
});

export const image: fc.Arbitrary<Image> = fc.record({
  name: fc.constantFrom('shop:v1', 'recourse/shop:d-1'),
  digest,
  pullable: fc.option(imageReference),
});

export const finding = fc.constantFrom(...Finding.options);

export const release: fc.Arbitrary<Release> = fc.record({
  deployment: deploymentId,
  origin: deploymentId,
  fence,
  source,
  image,
  runnable: fc.boolean(),
  workload,
  config,
});

/** What a restore decides on. */
export const target: fc.Arbitrary<Pick<Release, 'source' | 'image' | 'runnable'>> = fc.record({
  source,
  image,
  runnable: fc.boolean(),
});

export const address: fc.Arbitrary<Address> = fc.record({
  host: fc.constantFrom('127.0.0.1', '::1', 'shop.internal'),
  port: fc.integer({ min: 1, max: 65_535 }),
});

export const instance: fc.Arbitrary<Instance> = fc.record({ id: instanceId, address });
