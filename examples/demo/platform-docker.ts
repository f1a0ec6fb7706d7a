import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dockerEngine } from '@recourse/docker';
import { haproxyConfig, haproxyRouter, onlyEnvironment } from '@recourse/haproxy';
import { startDockerEngine } from '../../scripts/engines/docker.ts';
import { startHaproxy } from '../../scripts/engines/haproxy.ts';
import { commonPorts, Missing, type OpenPlatform } from './platform.ts';

const busybox = '/bin/busybox';

/** A Docker daemon and a HAProxy of the demo's own, gone afterwards. */
export const openDockerPlatform: OpenPlatform = async (folder, environment) => {
  installEngines();
  const { ports, close } = await commonPorts(folder);
  const docker = await startDockerEngine();
  try {
    const haproxy = await startHaproxy(({ port, socketPath, routesFile }) =>
      haproxyConfig({ bind: `127.0.0.1:${port}`, socketPath, routesFile, environment: onlyEnvironment(environment) }),
    );
    return {
      engines: 'a Docker Engine and HAProxy',
      options: {
        ...ports,
        ...dockerEngine({ socketPath: docker.socketPath }),
        router: haproxyRouter({ socketPath: haproxy.socketPath }),
      },
      url: new URL(`http://127.0.0.1:${haproxy.port}/`),
      workload: {
        build: { preset: 'dockerfile', dockerfile: 'Dockerfile' },
        run: { port: 8080, drainMs: 5_000, stopGraceMs: 5_000 },
      },
      busybox,
      close: async () => {
        await haproxy.stop();
        await docker.stop();
        close();
      },
    };
  } catch (error) {
    await docker.stop();
    close();
    throw error;
  }
};

/** The script says which packages it installs, or which are missing where it cannot. */
const installEngines = (): void => {
  try {
    execFileSync('bash', ['scripts/engines/install.sh'], { stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const told = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Missing(told || 'The engines could not be installed.');
  }
  if (!existsSync(busybox)) throw new Missing(`${busybox} is missing: install Debian's package busybox-static.`);
};
