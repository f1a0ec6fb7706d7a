/** Several workers have each built an image for one key. All of them must come to mean the same one. */
import { randomUUID } from 'node:crypto';
import { Digest, StepKey } from '@recourse/core';
import { dockerImages } from '@recourse/docker';
import { right } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startDockerEngine } from '../../../scripts/engines/docker.ts';
import { type Call, connect } from '../src/api/connection.ts';
import { createContainer } from '../src/api/containers.ts';
import { claim, settled } from '../src/claim.ts';
import { claimName, claimRequest } from '../src/requests.ts';
import { around } from './around.ts';
import { savedImage } from './published.ts';

const { socketPath } = await startDockerEngine();
const { docker, containersNamed, load, madeFor, removeContainers, removeImages } = around(socketPath);
const engine = connect({ socketPath });

const done = async <A>(call: Call<A>): Promise<A> => {
  const result = await call();
  if (result._tag === 'Left') throw new Error(result.left.message);
  return result.right;
};

const aKey = () => {
  const key = StepKey.parse(`claim-${randomUUID()}`);
  onTestFinished(async () => {
    await removeContainers([`recourse-claim-${key}`]);
    await removeImages(await madeFor(key));
  });
  return key;
};

/** As BuildKit leaves it: labelled, without a name. */
const unnamed = async (key: StepKey): Promise<string> => {
  const { digest, archive } = await savedImage(null, randomUUID(), { 'recourse.key': key });
  await load(archive);
  return digest;
};

test('whoever comes at once gets the same image, and the others are gone', async () => {
  for (let round = 0; round < 3; round++) {
    const key = aKey();
    const built = [await unnamed(key), await unnamed(key), await unnamed(key), await unnamed(key)];
    const meant = await Promise.all(built.map((id) => done(claim(engine, key, id))));
    expect(new Set(meant).size).toBe(1);
    expect(await madeFor(key)).toEqual([meant[0]]);
    expect(await done(settled(engine, key))).toBe(meant[0]);
    expect(await containersNamed([`recourse-claim-${key}`])).toEqual([]);
  }
});

test('whoever comes later gets the first image', async () => {
  const key = aKey();
  const first = await unnamed(key);
  expect(await done(claim(engine, key, first))).toBe(first);
  expect(await done(claim(engine, key, await unnamed(key)))).toBe(first);
  expect(await madeFor(key)).toEqual([first]);
});

test('a claim whose worker died is finished by the next, for that worker', async () => {
  const key = aKey();
  const [first, second] = [await unnamed(key), await unnamed(key)];
  await docker.createContainer({ name: `recourse-claim-${key}`, Image: first });
  expect(await done(claim(engine, key, second))).toBe(first);
  expect(await madeFor(key)).toEqual([first]);
  expect(await containersNamed([`recourse-claim-${key}`])).toEqual([]);
});

test('the claim of a worker that died does not keep its image for ever', async () => {
  const key = aKey();
  const id = await unnamed(key);
  await done(createContainer(engine, claimName(key), claimRequest(id)));
  await right(dockerImages({ socketPath }).remove(Digest.parse(id)));
  expect(await madeFor(key)).toEqual([]);
  expect(await containersNamed([`recourse-claim-${key}`])).toEqual([]);
});
