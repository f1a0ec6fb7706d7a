/** What a worker leaves that is ended by force in the middle: doing the same key again makes one of it, and no more. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StepKey } from '@recourse/core';
import { eventually, right } from '@recourse/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aKey, ask, freshEngine } from './engine.ts';
import { startOrder } from './orders.ts';
import { localProjects } from './projects.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

const worker = (...args: string[]): ChildProcess => {
  const child = spawn(process.execPath, ['--conditions=@recourse/source', WORKER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
};

/** Resolves with the line that says it. */
const says = async (child: ChildProcess, text: string): Promise<string> => {
  if (child.stdout === null) throw new Error('the worker has no output');
  for await (const line of createInterface(child.stdout)) if (line.includes(text)) return line;
  throw new Error(`the worker ended before it said ${text}`);
};

const endByForce = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

describe('a worker that is ended by force', { timeout: 120_000 }, () => {
  test('while it builds takes the build with it, and leaves nothing that the next one does not clear up', async () => {
    const { directory, processes, scratch, bundles, build } = await freshEngine();
    const key = aKey();
    const dying = worker(directory, 'build', key, 'endless');
    await says(dying, 'waiting');
    expect(await processes()).not.toEqual([]);
    await endByForce(dying);
    await eventually(processes, (left) => left.length === 0);
    expect(await scratch()).toHaveLength(1);

    await build(localProjects.app('v1'), key);
    expect(await scratch()).toEqual([]);
    expect(await bundles()).toHaveLength(1);
  });

  test.each([0, 60, 120, 200])('%d ms into a build leaves one image when it is done again', async (ms) => {
    const { directory, processes, scratch, bundles, build } = await freshEngine();
    const key = aKey();
    const dying = worker(directory, 'build', key, 'v1');
    await says(dying, 'ready');
    await sleep(ms);
    await endByForce(dying);

    const built = await build(localProjects.app('v1'), key);
    expect(await build(localProjects.app('v1'), key)).toEqual(built);
    expect(await bundles()).toEqual([`${built.image.digest.replace(':', '-')}.tar`]);
    expect(await scratch()).toEqual([]);
    await eventually(processes, (left) => left.length === 0);
  });

  test.each([0, 8, 16, 24, 40])('%d ms into a start leaves one instance when it is done again', async (ms) => {
    const { directory, runtime, build, start, processes, scratch } = await freshEngine();
    const key = aKey();
    const project = localProjects.app('v1');
    const { image } = await build(project, StepKey.parse(`${key}.image`));
    const dying = worker(directory, 'start', key, 'v1');
    await says(dying, 'ready');
    await sleep(ms);
    await endByForce(dying);

    const order = startOrder(key, image, project.inputs);
    const instance = await start(order);
    expect(await (await ask(instance)).text()).toBe('v1');
    expect(await start(order)).toEqual(instance);
    expect(await right(runtime.list())).toHaveLength(1);
    expect(await readdir(join(directory, 'instances', key))).toEqual([instance.id]);
    expect((await processes()).filter((line) => line.includes('node server.mjs'))).toHaveLength(1);

    await right(runtime.stop(key, { graceMs: 10_000 }));
    expect(await processes()).toEqual([]);
    expect(await readdir(join(directory, 'instances'))).toEqual([]);
    expect(await scratch()).toEqual([]);
  });

  test('leaves its instances serving, for the next one to adopt and to stop', async () => {
    const { directory, runtime, build, start, processes } = await freshEngine();
    const key = aKey();
    const project = localProjects.app('v1');
    const { image } = await build(project, StepKey.parse(`${key}.image`));
    const dying = worker(directory, 'start', key, 'v1');
    const { right: instance } = JSON.parse(await says(dying, '"address"'));
    expect(await (await ask(instance)).text()).toBe('v1');
    await endByForce(dying);

    expect(await (await ask(instance)).text()).toBe('v1');
    expect(await right(runtime.inspect(key))).toEqual({ state: 'running', instance });
    expect(await start(startOrder(key, image, project.inputs))).toEqual(instance);
    await right(runtime.stop(key, { graceMs: 10_000 }));
    expect(await processes()).toEqual([]);
  });
});
