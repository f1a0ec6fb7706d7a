/** What the engine is asked to create and to build, as plain values. Nothing of a user's becomes an option here. */
import type { Address, BuildOrder, RunSpec, StartOrder } from '@recourse/core';
import { serveCommand, serveUser } from './file-server.ts';
import { claimLabels, containerLabels, imageLabels, type Labels } from './labels.ts';

/**
 * What an image may be given back of what every container is denied. Not here is whatever reaches out of the
 * container: raw sockets, devices, modules, other processes' memory, mounts.
 */
export type Capability =
  | 'CHOWN'
  | 'DAC_OVERRIDE'
  | 'FOWNER'
  | 'FSETID'
  | 'KILL'
  | 'NET_BIND_SERVICE'
  | 'SETGID'
  | 'SETUID'
  | 'SYS_CHROOT';

export type ContainerPolicy = Readonly<{
  capabilities: readonly Capability[];
  /** For what the RunSpec leaves open. */
  pidsMax: number;
}>;

export type ContainerRequest = Readonly<{
  Image: string;
  Labels: Labels;
  Env: readonly string[];
  ExposedPorts: Readonly<Record<string, object>>;
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  User?: string;
  HostConfig: Readonly<Record<string, unknown>>;
  NetworkingConfig?: Readonly<Record<string, unknown>>;
}>;

/** Where a container is to be found: its part of the request. */
export type Placement = Pick<ContainerRequest, 'ExposedPorts' | 'NetworkingConfig' | 'HostConfig'>;

/** A Docker container's name is shared with everybody on the host. */
export const containerName = (key: string): string => `recourse-${key}`;

export const containerRequest = (
  order: StartOrder,
  policy: ContainerPolicy,
  address: Address,
  { HostConfig, ...network }: Placement,
): ContainerRequest => {
  const { image, inputs, run, variables } = order;
  return {
    Image: image.digest,
    Labels: containerLabels(order, image.digest, address),
    Env: Object.entries({ PORT: String(run.port), ...variables }).map(([name, value]) => `${name}=${value}`),
    ...network,
    ...(inputs.preset === 'static' ? { Entrypoint: serveCommand, Cmd: [String(run.port)], User: serveUser } : {}),
    HostConfig: {
      ...isolation(policy),
      ...limits(run, policy),
      ...HostConfig,
      // `unless-stopped` would do, were it not that a daemon which comes back after a crash takes down what it finds
      // running and counts that as "stopped". What was stopped through the Runtime is removed as well.
      RestartPolicy: { Name: 'always' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
  };
};

const isolation = ({ capabilities }: ContainerPolicy) => ({
  Privileged: false,
  CapDrop: ['ALL'],
  CapAdd: capabilities,
  SecurityOpt: ['no-new-privileges'],
  // Reaps what the app leaves behind, and lets an app without a handler end at SIGTERM.
  Init: true,
});

const limits = ({ memoryBytes, cpus, pidsMax }: RunSpec, policy: ContainerPolicy) => ({
  PidsLimit: pidsMax ?? policy.pidsMax,
  // Equal to the memory: no swap on top of it.
  ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
  ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
});

/** The names of what is built here: `recourse:<key>`. */
export const REPOSITORY = 'recourse';
export const imageName = (key: string): string => `${REPOSITORY}:${key}`;

export type BuildPolicy = Readonly<{
  /** What a RUN step can reach. */
  network: 'default' | 'none';
}>;

export type BuildQuery = Readonly<Record<string, string>>;

/** Labels given here win over those of the Dockerfile, so a project cannot say that it is another one. */
export const buildQuery = (
  order: BuildOrder,
  policy: BuildPolicy,
  dockerfile: string,
  attempt: string,
): BuildQuery => ({
  // BuildKit.
  version: '2',
  buildid: attempt,
  dockerfile,
  labels: JSON.stringify(imageLabels(order, order.commit, attempt)),
  networkmode: policy.network,
});

/** A container that is never started: its name is taken by one only, whoever asks for it. */
export const claimName = (key: string): string => `recourse-claim-${key}`;
export const claimRequest = (imageId: string): ContainerRequest => ({
  Image: imageId,
  Labels: claimLabels,
  Env: [],
  ExposedPorts: {},
  Entrypoint: ['/never-started'],
  HostConfig: { NetworkMode: 'none' },
});
