/** Sends out a hunt on a copy of the library, and waits for what it brings. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Catch, Quarry } from './hunt.ts';

const FOR_AT_MOST_MS = 900_000;

export const hunted = (folder: string, quarry: Quarry): Promise<Catch | null> =>
  new Promise((resolve, reject) => {
    const script = join(folder, 'scripts', 'simulate', 'hunt.ts');
    const args = ['--conditions=@recourse/source', '--max-semi-space-size=32', script, JSON.stringify(quarry)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: FOR_AT_MOST_MS });
    const end = () => void child.kill();
    process.once('exit', end);
    let said = '';
    let complained = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complained += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('exit', end);
      if (code === 0) resolve(JSON.parse(said));
      else reject(new Error(`A hunt ended with ${signal ?? code}: ${complained.slice(0, 2000)}`));
    });
  });
