/** The script above an app, by itself: what it owes when two start at once, and when a start and a stop cross. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { endGroup } from '../src/end-group.ts';
import { hasArgument } from '../src/process-identity.ts';
import { environmentOf, type Run, runInstance, STOPPING } from '../src/run-instance.ts';
import { processesIn } from './hands.ts';

const fresh = async (script: string) => {
  const parent = await mkdtemp(join(tmpdir(), 'recourse run-'));
  const folder = join(parent, 'instance');
  await mkdir(folder);
  const id = `id-${randomUUID()}`;
  onTestFinished(async () => {
    if (existsSync(join(folder, '1.pid'))) {
      const leader = leaderOf(folder);
      if (await hasArgument(leader, id)) endGroup(leader, 'SIGKILL');
    }
    await rm(parent, { recursive: true, force: true, maxRetries: 5 });
  });
  const run: Run = {
    id,
    folder,
    number: 1,
    argv: ['sh', '-c', script],
    cwd: folder,
    environment: environmentOf(id, folder, 1, {}),
  };
  return { folder, id, run, processes: () => processesIn(folder) };
};

const leaderOf = (folder: string) => Number(readFileSync(join(folder, '1.pid'), 'utf8'));

describe('a run', { timeout: 60_000 }, () => {
  test('begins once, however many start it', async () => {
    const { folder, run } = await fresh('echo ran >> ran; exec sleep 3606');
    const begun = await Promise.all(Array.from({ length: 8 }, () => runInstance(run)));
    expect(begun).toEqual(Array(8).fill(true));
    await eventually(
      async () => existsSync(join(folder, 'ran')),
      (ran) => ran,
    );
    expect(await readFile(join(folder, 'ran'), 'utf8')).toBe('ran\n');
    // Those that came second may still be on their way out.
    await eventually(
      async () => (await readdir(folder)).filter((file) => file.endsWith('.tmp')),
      (drafts) => drafts.length === 0,
    );
    expect(await readFile(join(folder, 'ran'), 'utf8')).toBe('ran\n');
  });

  test('that was on its way when the instance was told to stop does not begin', async () => {
    const { folder, run, processes } = await fresh('echo ran >> ran');
    await writeFile(join(folder, STOPPING), '');
    await runInstance(run);
    await eventually(processes, (left) => left.length === 0);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  test('that was on its way when the instance was removed does not begin', async () => {
    const { folder, run, processes } = await fresh('echo ran >> ran');
    const begin = runInstance(run);
    await rm(folder, { recursive: true, maxRetries: 5 });
    await begin.catch(() => false);
    await eventually(processes, (left) => left.length === 0);
    expect(existsSync(folder)).toBe(false);
  });

  test('ends at a SIGTERM that comes before its app is there', async () => {
    for (let tries = 0; tries < 5; tries += 1) {
      const { folder, id, run } = await fresh('exec sleep 3607');
      const begin = runInstance(run);
      while (!existsSync(join(folder, '1.pid'))) await turn();
      endGroup(leaderOf(folder), 'SIGTERM');
      await begin;
      await eventually(
        () => hasArgument(leaderOf(folder), id),
        (running) => !running,
      );
    }
  });

  test('leaves SIGTERM to its app once that is there, and tells how it ended', async () => {
    const { folder, run } = await fresh('trap "sleep 0.3; exit 9" TERM; echo up > up; while :; do sleep 0.05; done');
    await runInstance(run);
    await eventually(
      async () => existsSync(join(folder, 'up')),
      (up) => up,
    );
    endGroup(leaderOf(folder), 'SIGTERM');
    await eventually(
      async () => existsSync(join(folder, '1.exit')),
      (ended) => ended,
    );
    expect(await readFile(join(folder, '1.exit'), 'utf8')).toBe('9\n');
  });
});
