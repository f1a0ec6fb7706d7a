/**
 * A release: everything that was true of what went live, as it was when it was built. A rollback reads nothing else,
 * so no later change of a project's settings can alter what "that release" means.
 */
import { z } from 'zod';
import { CommitId, DeploymentId, Digest, Fence, plainText } from './identity.ts';

const notEmpty = (lengthMax: number) =>
  z.string().min(1, 'must not be empty').max(lengthMax, `must be at most ${lengthMax} characters`);

/** A branch, tag or other ref by name. Refused here if git could take it for an option or a revision expression. */
export const GitRef = notEmpty(255)
  .regex(/^(?![-/.])(?!.*(?:\.\.|\/\/|@\{))[^\s~^:?*[\\\p{Cc}\p{Cs}]+(?<![/.])$/u, 'must be a plain git ref name')
  .brand('GitRef');
export type GitRef = z.infer<typeof GitRef>;

/** Where a repository is. Never with user or password inside: they would end up in the history. */
export const RepositoryUrl = notEmpty(2048)
  .regex(/^(?!-)[^\s\p{Cc}\p{Cs}]+$/u, 'must be a URL without spaces, not starting with "-"')
  .refine((url) => !carriesCredentials(url), 'must not carry credentials; give them to the Sources adapter')
  .brand('RepositoryUrl');
export type RepositoryUrl = z.infer<typeof RepositoryUrl>;

/** A user alone is a token over HTTP, and a mere name (`git@`) over SSH. */
const carriesCredentials = (url: string): boolean => {
  const [, scheme = '', authority = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?([^/]*)/i.exec(url) ?? [];
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  return user.includes(':') || (user !== '' && /https?:/i.test(scheme)) || (scheme !== '' && isCut(authority, url));
};

/** A password with a `/` in it ends the authority too early: what looks like a port then is none. */
const isCut = (authority: string, url: string): boolean =>
  /:[^:\]]*[^:\]0-9][^:\]]*$/.test(authority) && url.includes('@');

/** A path inside the source tree: relative, with `/`, no `..`. */
export const TreePath = notEmpty(1024)
  .regex(/^(?![-/])(?!.*(?:^|\/)\.\.(?:\/|$))[^\\\p{Cc}\p{Cs}]+$/su, 'must be a relative path inside the source tree')
  .brand('TreePath');
export type TreePath = z.infer<typeof TreePath>;

export const ImageReference = notEmpty(512)
  .regex(
    /^(?!.*(?:\/\/|\/\.{1,2}(?:\/|$)))[a-z0-9][a-zA-Z0-9._:/@-]*$/,
    'must be an image reference such as registry/name:tag',
  )
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

const Argv = z.array(plainText(4096)).min(1, 'must name a program').max(256, 'must be at most 256 arguments');

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
    path: notEmpty(2048).regex(
      /^\/(?!\/)[^\s\\\p{Cc}\p{Cs}]*$/u,
      'must be a path that starts with one "/", without spaces or "\\"',
    ),
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

const VariableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/);

const perVariable = <Value extends z.ZodType>(value: Value) =>
  z.record(VariableName, value, {
    error: ({ code }) => (code === 'invalid_key' ? 'must be a name of an environment variable' : undefined),
  });

/** A secret by reference. `fingerprint` lets a plan say that it changed since; the value is never recorded. */
export const SecretReference = z.strictObject({
  reference: plainText(512).min(1, 'must not be empty'),
  fingerprint: plainText(128).nullable(),
});

export const Config = z.strictObject({
  variables: perVariable(plainText(32_768)),
  secrets: perVariable(SecretReference),
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
