// The public surface of @recourse/docker. What is not named here may change without notice.
export { dockerBuilder } from './builder.ts';
export { dockerEngine } from './docker-engine.ts';
export type { FileServer } from './file-server.ts';
export { dockerImages } from './images.ts';
export type {
  DockerBuilderOptions,
  DockerConnection,
  DockerImagesOptions,
  DockerRuntimeOptions,
  PortRange,
  ReachOptions,
  RegistryCredentials,
} from './options.ts';
export type { Capability } from './requests.ts';
export { dockerRuntime } from './runtime.ts';
