import { Digest, type Image, TreePath } from '@recourse/core';
import { describe, expect, test } from 'vitest';
import { containerOwner } from '../src/labels.ts';
import { buildQuery, type ContainerPolicy, claimRequest, containerRequest } from '../src/requests.ts';
import { buildOrder, runSpec, startOrder } from './orders.ts';

const image: Image = { name: 'shop', digest: Digest.parse(`sha256:${'a'.repeat(64)}`), pullable: null };
const inputs = { preset: 'dockerfile', dockerfile: TreePath.parse('Dockerfile') } as const;
const policy: ContainerPolicy = { capabilities: [], pidsMax: 1024 };
const address = { host: '10.1.2.3', port: 8080 };
const placement = { ExposedPorts: {}, HostConfig: { NetworkMode: 'recourse' } };

describe('a container', () => {
  const order = startOrder(image, inputs, { variables: { GREETING: 'hello' } });
  const request = containerRequest(order, policy, address, placement);

  test('is of a digest, never of a name', () => {
    expect(request.Image).toBe(image.digest);
  });

  test('is asked for with these powers, and no others', () => {
    expect(request.HostConfig).toEqual({
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges'],
      Init: true,
      PidsLimit: 1024,
      NetworkMode: 'recourse',
      RestartPolicy: { Name: 'always' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
  });

  test('has the limits of its RunSpec, and no swap on top of its memory', () => {
    const run = runSpec({ memoryBytes: 64 << 20, cpus: 0.5, pidsMax: 7 });
    expect(containerRequest({ ...order, run }, policy, address, placement).HostConfig).toMatchObject({
      Memory: 64 << 20,
      MemorySwap: 64 << 20,
      NanoCpus: 500_000_000,
      PidsLimit: 7,
    });
  });

  test('tells its port to the app, unless a variable does', () => {
    expect(request.Env).toEqual(['PORT=8080', 'GREETING=hello']);
    const own = { ...order, variables: { PORT: '3000' } };
    expect(containerRequest(own, policy, address, placement).Env).toEqual(['PORT=3000']);
  });

  test('has no variable in its labels', () => {
    expect(JSON.stringify(request.Labels)).not.toContain('hello');
  });

  test('runs its own command, but for static files', () => {
    expect(Object.keys(request)).not.toContain('Cmd');
    const files = { preset: 'static', directory: TreePath.parse('dist'), runnable: false } as const;
    expect(containerRequest({ ...order, inputs: files }, policy, address, placement)).toMatchObject({
      Entrypoint: ['/recourse/busybox', 'httpd', '-f', '-h', '/site', '-p'],
      Cmd: ['8080'],
      User: '65534:65534',
    });
  });
});

test('a claim is no instance, whatever its image says of itself', () => {
  const labels = { ...containerRequest(startOrder(image, inputs), policy, address, placement).Labels };
  expect(containerOwner(labels)).not.toBeNull();
  expect(containerOwner({ ...labels, ...claimRequest(image.digest).Labels })).toBeNull();
});

test('a build is asked for with labels that say whose it is, and no variable or credential', () => {
  const order = buildOrder(inputs);
  const { labels, ...query } = buildQuery(order, { network: 'none' }, 'Dockerfile', 'attempt-1');
  expect(query).toEqual({ version: '2', buildid: 'attempt-1', dockerfile: 'Dockerfile', networkmode: 'none' });
  expect(JSON.parse(labels ?? '')).toEqual({
    'recourse.key': order.key,
    'recourse.deployment': order.deployment,
    'recourse.environment': order.environment,
    'recourse.commit': order.commit,
    'recourse.attempt': 'attempt-1',
  });
});
