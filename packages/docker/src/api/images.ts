/** What this package asks of the engine about images. */

import type { CancelSignal } from '@recourse/core';
import type Dockerode from 'dockerode';
import type { RegistryCredentials } from '../options.ts';
import type { Reference } from '../reference.ts';
import { type Call, dial, type Engine, orAbsent } from './connection.ts';
import { messagesOf } from './messages.ts';

export type EngineImage = Readonly<{
  id: string;
  /** `repository:tag`, for each name that means this image here. */
  tags: readonly string[];
  /** `repository@sha256:…`, for each registry that it was pulled from or pushed to. */
  registryDigests: readonly string[];
  labels: Readonly<Record<string, string>>;
}>;

export type InspectedImage = EngineImage & Readonly<{ hasCommand: boolean }>;

/** By id, digest or tag. */
export const inspectImage = (engine: Engine, name: string): Call<InspectedImage | null> =>
  orAbsent(
    engine(async (docker) => inspectedOf(await docker.getImage(name).inspect())),
    null,
  );

const inspectedOf = ({ Id, RepoTags, RepoDigests, Config }: Dockerode.ImageInspectInfo): InspectedImage => ({
  id: Id,
  tags: RepoTags ?? [],
  registryDigests: RepoDigests ?? [],
  labels: Config.Labels ?? {},
  hasCommand: (Config.Cmd ?? []).length > 0 || (Config.Entrypoint ?? []).length > 0,
});

/** Those with this label, `name` or `name=value`. */
export const listImages = (engine: Engine, label: string): Call<readonly EngineImage[]> =>
  engine(async (docker, abortSignal) =>
    (await docker.listImages({ filters: { label: [label] }, abortSignal })).map((info) => ({
      id: info.Id,
      tags: (info.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
      registryDigests: (info.RepoDigests ?? []).filter((digest) => digest !== '<none>@<none>'),
      labels: info.Labels ?? {},
    })),
  );

export const tagImage = (engine: Engine, id: string, repo: string, tag: string): Call<void> =>
  engine(async (docker, abortSignal) => {
    await docker.getImage(id).tag({ repo, tag, abortSignal });
  });

/** By id or by one of its names; false if there is none. A container that uses it makes this fail with 409. */
export const removeImage = (engine: Engine, name: string): Call<boolean> =>
  orAbsent(
    engine(async (docker, abortSignal) => {
      await docker.getImage(name).remove({ abortSignal });
      return true;
    }),
    false,
  );

/** The digest of the manifest that a registry has under this reference; null if it has none. */
export const manifestDigest = (
  engine: Engine,
  { repository, identifier }: Reference,
  credentials: RegistryCredentials | undefined,
): Call<string | null> =>
  orAbsent(
    engine(async (docker, abortSignal) => {
      const answer = await dial(docker, {
        path: `/distribution/${repository}${identifier}/json`,
        method: 'GET',
        abortSignal,
        statusCodes: { 200: true },
        ...(credentials === undefined ? {} : { authconfig: credentials }),
      });
      if (!isDistribution(answer)) throw new Error('The engine did not tell the digest of the manifest.');
      return answer.Descriptor.digest;
    }),
    null,
  );

/** Fetches it from its registry. */
export const pullImage = (
  engine: Engine,
  { repository, identifier }: Reference,
  credentials: RegistryCredentials | undefined,
  signal: CancelSignal,
): Call<void> =>
  engine(
    async (docker, abortSignal) => {
      const answer = await dial(docker, {
        path: '/images/create?',
        method: 'POST',
        options: { _query: { fromImage: repository, tag: identifier.slice(1) }, _body: {} },
        isStream: true,
        abortSignal,
        statusCodes: { 200: true },
        ...(credentials === undefined ? {} : { authconfig: credentials }),
      });
      for await (const { error } of messagesOf(answer)) if (error !== undefined) throw new Error(error);
    },
    { signal, withinMs: null },
  );

const isDistribution = (answer: unknown): answer is Readonly<{ Descriptor: Readonly<{ digest: string }> }> => {
  if (typeof answer !== 'object' || answer === null || !('Descriptor' in answer)) return false;
  const { Descriptor } = answer;
  return (
    typeof Descriptor === 'object' &&
    Descriptor !== null &&
    'digest' in Descriptor &&
    typeof Descriptor.digest === 'string'
  );
};
