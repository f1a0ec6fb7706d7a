/** The network of the instances, on an engine that does not have it yet. */
import { randomBytes, randomInt } from 'node:crypto';
import { dockerBuilder, dockerRuntime } from '@recourse/docker';
import { eventually, left, right } from '@recourse/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startDockerEngine } from '../../../scripts/engines/docker.ts';
import { around } from './around.ts';
import { built, never, startOrder } from './orders.ts';
import { dockerProjects } from './projects.ts';

const { socketPath } = await startDockerEngine();
const { docker, removeContainers, removeImages } = around(socketPath);
const project = dockerProjects('network').app('v1');

const image = async () => {
  const { image: made } = await built(dockerBuilder({ socketPath }), project);
  onTestFinished(() => removeImages([made.digest]));
  return made;
};

/** A name that is free, whose network is removed at the end. */
const aNetwork = () => {
  const network = `recourse-${randomBytes(4).toString('hex')}`;
  onTestFinished(async () => {
    for (const { Id } of await docker.listNetworks({ filters: { name: [network] } }))
      await docker.getNetwork(Id).remove();
  });
  return network;
};

test('workers that come at once make one network, and each instance answers there', async () => {
  const network = aNetwork();
  const subnet = `10.199.${randomInt(256)}.0/24`;
  const made = await image();
  const orders = Array.from({ length: 4 }, () => startOrder(made, project.inputs));
  onTestFinished(() => removeContainers(orders.map(({ key }) => `recourse-${key}`)));
  const worker = () => dockerRuntime({ socketPath, reach: { by: 'address', network, subnet } });
  const instances = await Promise.all(orders.map((order) => right(worker().start(order, never()))));
  expect(await docker.listNetworks({ filters: { name: [network] } })).toHaveLength(1);
  for (const { address } of instances) {
    expect(address.host.startsWith(subnet.slice(0, -4))).toBe(true);
    const answer = () =>
      fetch(`http://${address.host}:${address.port}/`).then(
        (response) => response.text(),
        () => null,
      );
    expect(await eventually(answer, (text) => text !== null)).toBe('v1');
  }
});

test('a network that was tidied away is made again, also under what was made and not started', async () => {
  const network = aNetwork();
  const subnet = `10.198.${randomInt(256)}.0/24`;
  const runtime = dockerRuntime({ socketPath, reach: { by: 'address', network, subnet } });
  const order = startOrder(await image(), project.inputs);
  const name = `recourse-${order.key}`;
  onTestFinished(() => removeContainers([name]));
  const { id } = await right(runtime.start(order, never()));
  await docker.getContainer(name).stop({ t: 0 });
  await docker.getNetwork(network).remove();
  const again = await right(runtime.start(order, never()));
  expect(again.id).not.toBe(id);
  expect(await right(runtime.inspect(order.key))).toEqual({ state: 'running', instance: again });
});

test('a subnet that another network has makes the start fail for now, and says why', async () => {
  const [{ Subnet: subnet = '' } = {}] = (await docker.getNetwork('recourse').inspect()).IPAM?.Config ?? [];
  const runtime = dockerRuntime({ socketPath, reach: { by: 'address', network: aNetwork(), subnet } });
  const error = await left(runtime.start(startOrder(await image(), project.inputs), never()));
  expect(error).toMatchObject({ kind: 'transient', code: 'runtime/unreachable' });
  expect(error.message).toContain('overlaps');
});
