/** Processes that run the scripts of a test, tell on standard output how far they are, and end with the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

/** By the name of a script beside the module that this is made for. */
export const spawner =
  (module: string) =>
  (script: string, ...parameters: readonly string[]) => {
    const path = fileURLToPath(new URL(script, module));
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
      /** As a machine that swaps, or a debugger, would make it. */
      standStill: () => void child.kill('SIGSTOP'),
      goOn: () => void child.kill('SIGCONT'),
      tell: (line: string) => void child.stdin.write(`${line}\n`),
      /** Waits for its own end; the code it ended with. */
      ended: async () => {
        await closed;
        return child.exitCode;
      },
      kill,
    };
  };

/** Lets a consumer that stands still go on, finish what it handles, and end by itself. */
export const finishing = async (child: ReturnType<ReturnType<typeof spawner>>): Promise<void> => {
  child.goOn();
  child.tell('finish');
  const code = await child.ended();
  if (code !== 0) throw new Error(`the consumer that had stood still ended with ${code}`);
};
