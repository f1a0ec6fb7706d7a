// Makes a fresh checkout ready: installs what package-lock.json names, once. Plain JavaScript, because Node 20 runs it.
// With --engines it installs the Debian packages as well that the engine tests drive.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`setup: "${command} ${args.join(' ')}" failed${error ? `: ${error.message}` : ''}.`);
    process.exit(1);
  }
};

if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) {
  console.log('setup: installing dependencies (npm ci), once');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}

if (process.argv.includes('--engines')) run('bash', ['scripts/engines/install.sh']);
