/** A process of its own that runs a script beside this file and tells on standard output how far it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

export const spawned = (script: string, ...parameters: readonly string[]) => {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@recourse/source', path, ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });

  /** Ends it as a failing machine would, and waits until it is gone. */
  const kill = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  onTestFinished(kill);

  return {
    /** The lines that were written whole. */
    lines: () =>
      output
        .slice(0, output.lastIndexOf('\n') + 1)
        .split('\n')
        .filter((line) => line !== ''),
    said: (line: string) =>
      vi.waitFor(
        () => {
          if (!output.includes(`${line}\n`)) throw new Error(`it did not say "${line}" but "${output.slice(-500)}"`);
        },
        { timeout: 30_000, interval: 2 },
      ),
    tell: (line: string) => void child.stdin.write(`${line}\n`),
    /** Waits for its own end; the code it ended with. */
    ended: async () => {
      await closed;
      return child.exitCode;
    },
    kill,
  };
};
