import type { FileServer } from './file-server.ts';
import type { Capability } from './requests.ts';

/** Where the engine listens: a socket of this host (the default is Docker's own), or a remote one with certificates. */
export type DockerConnection = Readonly<{
  socketPath?: string;
  remote?: Readonly<{ host: string; port: number; ca: string; cert: string; key: string }>;
}>;

export type RegistryCredentials = Readonly<{ username: string; password: string }>;

export type DockerImagesOptions = DockerConnection &
  Readonly<{
    /** Asked for each use of a registry, by its host; `docker.io` is Docker's own. The default gives none. */
    registryCredentials?: (registry: string) => Promise<RegistryCredentials | undefined>;
  }>;

export type DockerBuilderOptions = DockerConnection &
  Readonly<{
    /** What a RUN step can reach: `default` is Docker's bridge network, and through it the internet. */
    buildNetwork?: 'default' | 'none';
    /**
     * The frontends that a `# syntax=` line may name, exactly as written there. None by default: a frontend is a
     * program that runs in the engine. Pin them by digest.
     */
    allowedSyntax?: readonly string[];
    /** The largest source tree, uncompressed. Default 1 GiB. */
    treeBytesMax?: number;
    fileServer?: FileServer;
  }>;

/** Inclusive. Outside the range that the kernel takes for outgoing connections, or a restart may find it in use. */
export type PortRange = Readonly<{ from: number; to: number }>;

export type ReachOptions = Readonly<
  /**
   * By the container's own address in a network of this host, made if it is not there. Nothing stands in between, so
   * instances serve on while the daemon is away. Needs Linux, and the router on the same host. `network` is `recourse`
   * by default, `subnet` (for making it) 10.213.0.0/16.
   */
  | { by: 'address'; network?: string; subnet?: string }
  /**
   * By a port of this host: `host` is 127.0.0.1 by default, `ports` 20000 to 29999, `network` `bridge`. On 127.0.0.1
   * it is Docker's proxy that listens, which ends with the daemon.
   */
  | { by: 'port'; host?: string; ports?: PortRange; network?: string }
>;

export type DockerRuntimeOptions = DockerConnection &
  Readonly<{
    /** How the router and the health probe reach an instance. Default `{ by: 'address' }`. */
    reach?: ReachOptions;
    /** What apps are given back of the capabilities that all are denied. Default none. */
    capabilities?: readonly Capability[];
    /** Processes and threads of an instance whose RunSpec does not say. Default 1024. */
    pidsMax?: number;
    fileServer?: FileServer;
  }>;
