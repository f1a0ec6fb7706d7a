/**
 * A release: everything that was true of what went live, as it was when it was built. A rollback reads nothing else,
 * so no later change of a project's settings can alter what "that release" means.
 */
import { z } from 'zod';
import { CommitId, DeploymentId, Digest, Fence } from './identity.ts';

/** A branch, tag or other ref by name. Refused here if git could take it for an option or a revision expression. */
export const GitRef = z
  .string()
  .min(1)
  .max(255)
  .regex(/^(?![-/.])(?!.*(?:\.\.|\/\/|@\{))[^\s~^:?*[\\\p{Cc}]+(?<![/.])$/u, 'must be a plain git ref name')
  .brand('GitRef');
export type GitRef = z.infer<typeof GitRef>;

/** Where a repository is. Never with user or password inside: they would end up in the history. */
export const RepositoryUrl = z
  .string()
  .min(1)
  .max(2048)
  .regex(/^(?!-)[^\s\p{Cc}]+$/u, 'must be a URL without spaces, not starting with "-"')
  .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), 'must not carry credentials; give them to the Sources adapter')
  .brand('RepositoryUrl');
export type RepositoryUrl = z.infer<typeof RepositoryUrl>;

/** A path inside the source tree: relative, with `/`, no `..`. */
export const TreePath = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^(?![-/])(?!.*(?:^|\/)\.\.(?:\/|$))[^\\\p{Cc}]+$/u, 'must be a relative path inside the source tree')
  .brand('TreePath');
export type TreePath = z.infer<typeof TreePath>;

export const ImageReference = z
  .string()
  .max(512)
  .regex(/^[a-z0-9][a-zA-Z0-9._:/@-]*$/, 'must be an image reference such as registry/name:tag')
  .brand('ImageReference');
export type ImageReference = z.infer<typeof ImageReference>;

/** Where a release came from. `commit` is what was built; `ref` is only how somebody asked for it. */
export const Source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('git'),
    repository: RepositoryUrl,
    commit: CommitId.nullable(),
    ref: GitRef.nullable(),
  }),
  z.strictObject({ kind: z.literal('image'), reference: ImageReference }),
]);
export type Source = z.infer<typeof Source>;
export type GitSource = Extract<Source, { kind: 'git' }>;

const Argv = z
  .array(
    z
      .string()
      .max(4096)
      .refine((arg) => !arg.includes('\0'), 'must not contain NUL'),
  )
  .min(1)
  .max(256);

/**
 * How an image is made of a source.
 * - `dockerfile`: by the Dockerfile at that path.
 * - `static`: the files of `directory`, served by a file server. `runnable` says whether the image carries that
 *   server; one that does not cannot run by itself, so a rollback builds it again.
 * - `command`: an optional build command, then `start` runs the app with its port in `PORT`. For the local adapter.
 * - `image`: nothing to build, the source is an image.
 */
export const BuildInputs = z.discriminatedUnion('preset', [
  z.strictObject({ preset: z.literal('dockerfile'), dockerfile: TreePath }),
  z.strictObject({ preset: z.literal('static'), directory: TreePath, runnable: z.boolean() }),
  z.strictObject({ preset: z.literal('command'), build: Argv.nullable(), start: Argv }),
  z.strictObject({ preset: z.literal('image') }),
]);
export type BuildInputs = z.infer<typeof BuildInputs>;

/** How an instance of the image is run. `null` leaves a resource to the engine's own limit. */
export const RunSpec = z.strictObject({
  /** The port the app listens on inside its instance. */
  port: z.int().min(1).max(65535),
  health: z.strictObject({
    path: z
      .string()
      .max(2048)
      .regex(/^\/[^\s\p{Cc}]*$/u, 'must start with "/" and contain no spaces'),
    /** How long it may take from the start until the first healthy answer. */
    withinMs: z.int().min(1).max(3_600_000),
  }),
  /** How long a replaced instance may finish the requests it has. */
  drainMs: z.int().min(0).max(3_600_000),
  /** How long an instance may take to end after it was asked to. */
  stopGraceMs: z.int().min(0).max(3_600_000),
  memoryBytes: z.int().positive().nullable(),
  cpus: z.number().positive().max(1024).nullable(),
  pidsMax: z.int().positive().nullable(),
});
export type RunSpec = z.infer<typeof RunSpec>;

export const Workload = z.strictObject({ build: BuildInputs, run: RunSpec });
export type Workload = z.infer<typeof Workload>;

const VariableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, 'must be a name of an environment variable');

/** A secret by reference. `fingerprint` lets a plan say that it changed since; the value is never recorded. */
export const SecretReference = z.strictObject({
  reference: z.string().min(1).max(512),
  fingerprint: z.string().max(128).nullable(),
});

export const Config = z.strictObject({
  variables: z.record(
    VariableName,
    z
      .string()
      .max(32_768)
      .refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be well-formed Unicode without NUL'),
  ),
  secrets: z.record(VariableName, SecretReference),
});
export type Config = z.infer<typeof Config>;

/** An image by content. The name is for people; `pullable` is where a registry keeps the same bytes, if one does. */
export const Image = z.strictObject({
  name: z.string().min(1).max(512),
  digest: Digest,
  /** `repository@sha256:…` as a registry knows it; that digest is the manifest's, not `digest`. */
  pullable: ImageReference.nullable(),
});
export type Image = z.infer<typeof Image>;

export const Release = z.strictObject({
  deployment: DeploymentId,
  /** The deployment that first made this release; a rollback to it carries it on. Equal origins are one release. */
  origin: DeploymentId,
  fence: Fence,
  source: Source,
  image: Image,
  /** Whether the image can run by itself, as the builder found when it built it. */
  runnable: z.boolean(),
  workload: Workload,
  config: Config,
});
export type Release = z.infer<typeof Release>;
