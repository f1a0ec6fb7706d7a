/** The example as a user runs it, only smaller: a process of its own, its output, its exit code, and nothing left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', 'main.ts');

const run = async (...args: readonly string[]) => {
  const example = spawn(process.execPath, ['--conditions=@recourse/source', main, ...args]);
  const [output, errors, [code]] = await Promise.all([
    text(example.stdout),
    text(example.stderr),
    once(example, 'exit'),
  ]);
  return { output, errors, code };
};

const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('recourse-many-workers-'));

test.each([
  ['bullmq', 'over PostgreSQL and Redis'],
  ['pgboss', 'over PostgreSQL alone'],
])(
  'with %s, %s, killed and frozen workers lose nothing',
  async (queue) => {
    const sizes = ['--orders', '30', '--environments', '3', '--kills', '6', '--freezes', '1'];
    const { output, errors, code } = await run('--queue', queue, ...sizes);
    expect({ errors, code, output }).toMatchObject({ errors: '', code: 0 });
    expect(output).toMatch(/^30 orders, 6 kills and 1 freezes in /m);
    expect(output).toMatch(/^\d+ requests to the apps, 0 failed$/m);
    expect(output).toContain('0 lost, 0 doubled, 0 stuck, 0 wrong');
    expect(await folders()).toEqual([]);
  },
  180_000,
);

test('an option that it does not know is refused, with its usage', async () => {
  const { errors, code } = await run('--queue', 'rabbit');
  expect(code).toBe(2);
  expect(errors).toMatch(/^--queue is bullmq or pgboss, not rabbit\.\nUsage: npm run many-workers/);
});
