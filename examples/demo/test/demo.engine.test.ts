/** The demo as a user runs it: a process of its own, its output, its exit code, and nothing left afterwards. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', 'main.ts');

const runDemo = async (...args: readonly string[]) => {
  const demo = spawn(process.execPath, ['--conditions=@recourse/source', main, ...args]);
  const [output, errors, [code]] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'exit')]);
  return { output, errors, code };
};

const demoFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('recourse-demo-'));

test.each([
  { args: [], engines: 'child processes' },
  { args: ['--docker'], engines: 'Docker' },
])(
  'on $engines it tells the whole story without a failed request, and leaves nothing',
  async ({ args, engines }) => {
    const { output, errors, code } = await runDemo(...args);
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    expect(output).toContain(engines);
    expect(output.match(/✓ v\d serves, \d+ ms after it was asked for/g)).toHaveLength(5);
    expect(output).toMatch(/✓ \d+ requests: \d+ by v1, \d+ by v2; 0 failed, 0 answered by what was replaced/);
    expect(output).toMatch(/rollback +live +rebuild/);
    expect(output).toMatch(/rollback +retired +reuse/);
    expect(output).toContain('Everything was as it should be');
    expect(output).not.toContain('\u001b[');
    expect(await demoFolders()).toEqual([]);
  },
  180_000,
);

test('an option that it does not know is refused, with its usage', async () => {
  const { errors, code } = await runDemo('--dokcer');
  expect(code).toBe(2);
  expect(errors).toContain('Unknown: --dokcer. Usage: npm run demo [-- --docker]');
});
