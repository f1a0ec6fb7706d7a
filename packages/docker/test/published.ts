/** Images made by hand, byte by byte, so that equal content is an equal image, on an engine or in a registry. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Digest, type Image, ImageReference } from '@recourse/core';
import { pack } from 'tar-stream';

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const tarOf = (files: Readonly<Record<string, Buffer | string>>): Promise<Buffer> => {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mtime: new Date(0) }, Buffer.from(content));
  tar.finalize();
  return buffer(tar);
};

/** One file, `content`, and these labels. */
const imageOf = async (content: string, labels: Readonly<Record<string, string>>) => {
  const layer = await tarOf({ content });
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-01T00:00:00Z',
      config: { Labels: labels, Cmd: ['/content'] },
      rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
      history: [{ created: '2026-01-01T00:00:00Z' }],
    }),
  );
  return { layer, config, digest: Digest.parse(sha256(config)) };
};

/** As `docker save` writes it, for `docker load`; without a tag nothing names it. */
export const savedImage = async (tag: string | null, content: string, labels: Readonly<Record<string, string>>) => {
  const { layer, config, digest } = await imageOf(content, labels);
  const manifest = JSON.stringify([
    { Config: 'config.json', RepoTags: tag === null ? null : [tag], Layers: ['layer.tar'] },
  ]);
  return { digest, archive: await tarOf({ 'layer.tar': layer, 'config.json': config, 'manifest.json': manifest }) };
};

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

export const publishImage = async (host: string, repository: string, content: string): Promise<Image> => {
  const { layer, config, digest } = await imageOf(content, {});
  const upload = async (blob: Buffer, mediaType: string) => {
    const begun = await request(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const target = new URL(begun.headers.get('location') ?? '', `http://${host}`);
    target.searchParams.set('digest', sha256(blob));
    await request(target, { method: 'PUT', body: new Uint8Array(blob) });
    return { mediaType, size: blob.length, digest: sha256(blob) };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: await upload(config, 'application/vnd.docker.container.image.v1+json'),
    layers: [await upload(layer, 'application/vnd.docker.image.rootfs.diff.tar')],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await request(`http://${host}/v2/${repository}/manifests/latest`, {
    method: 'PUT',
    headers: { 'content-type': MANIFEST },
    body: new Uint8Array(bytes),
  });
  const pullable = ImageReference.parse(`${host}/${repository}@${sha256(bytes)}`);
  return { name: `${host}/${repository}:latest`, digest, pullable };
};

export const unpublishImage = async ({ pullable }: Image): Promise<void> => {
  const [, host, repository, digest] = /^([^/]+)\/(.*)@(.*)$/.exec(pullable ?? '') ?? [];
  await request(`http://${host}/v2/${repository}/manifests/${digest}`, { method: 'DELETE' });
};

const request = async (url: string | URL, init: RequestInit): Promise<Response> => {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
};
