/**
 * A real web app from a real git repository: deployed twice, rolled back by reuse, rolled back by a rebuild, under
 * load. `--docker` does it on a Docker Engine with HAProxy.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentId } from '@recourse/core';
import { Missing } from './platform.ts';
import { openDockerPlatform } from './platform-docker.ts';
import { openLocalPlatform } from './platform-local.ts';
import { createRepository } from './repository.ts';
import { bad, title } from './screen.ts';
import { tell } from './story.ts';

const unknown = process.argv.slice(2).filter((argument) => argument !== '--docker');
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(' ')}. Usage: npm run demo [-- --docker]`);
  process.exit(2);
}
const open = process.argv.includes('--docker') ? openDockerPlatform : openLocalPlatform;

const environment = EnvironmentId.parse('shop');
const folder = await mkdtemp(join(tmpdir(), 'recourse-demo-'));
try {
  const platform = await open(folder, environment);
  try {
    title(`Recourse on ${platform.engines}`);
    const repository = createRepository(join(folder, 'repository'), platform.busybox);
    process.exitCode = (await tell(platform, repository, environment)) ? 0 : 1;
  } finally {
    await platform.close();
  }
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  bad(error.message);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
