/** What the local builder does that is not in the port's contract. */
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { left, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { aKey, freshEngine, never } from './engine.ts';
import { temporaryDirectory } from './hands.ts';
import { localProjects, orderOf, project } from './projects.ts';

const building = (...command: string[]) => project({ file: 'x' }, command, ['true']);
const shell = (script: string) => building('sh', '-c', script);

describe('localBuilder', { timeout: 60_000 }, () => {
  test('makes the same image of the same commit and inputs, whenever it builds', async () => {
    const { build, bundles } = await freshEngine();
    const [one, two] = [await build(localProjects.app('v1')), await build(localProjects.app('v1'))];
    expect(two.image.digest).toBe(one.image.digest);
    expect(await bundles()).toHaveLength(1);
  });

  test('keeps the image of the first of two that build the same key, though they made different ones', async () => {
    const { build, bundles, scratch } = await freshEngine();
    const random = shell('head -c 16 /dev/urandom > made');
    const key = aKey();
    const [one, two, three] = await Promise.all([build(random, key), build(random, key), build(random, key)]);
    expect([two, three]).toEqual([one, one]);
    expect(await bundles()).toHaveLength(1);
    expect(await scratch()).toEqual([]);
  });

  test('builds again what a key stands for but is not there, or not whole', async () => {
    const { directory, build, images, bundles } = await freshEngine();
    const random = shell('head -c 16 /dev/urandom > made');
    const key = aKey();
    for (const damage of [rm, (file: string) => truncate(file, 1000)]) {
      const { image } = await build(random, key);
      await damage(join(directory, 'images', `${image.digest.replace(':', '-')}.tar`));
      const again = await build(random, key);
      expect(await right(images.probe(again.image))).toBe('present');
      expect(await build(random, key)).toEqual(again);
      await right(images.remove(image.digest));
      expect(await bundles()).toHaveLength(1);
    }
  });

  test('gives the words of the build command as they are', async () => {
    const { builder } = await freshEngine();
    const words = ['a b', '', '$HOME', '`id`', '; exit 9', "'", '"'];
    const said = building('node', '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...words);
    const lines: string[] = [];
    await right(
      builder.build(orderOf(said.inputs), TE.fromIO(said.tree), {
        onProgress: ({ text }) => lines.push(text),
        signal: never(),
      }),
    );
    expect(JSON.parse(lines[0] ?? '')).toEqual(words);
  });

  test('shows the build nothing of the platform', async () => {
    process.env['PLATFORM_SECRET'] = 'canary';
    const { builder } = await freshEngine();
    const printing = shell('env; exit 1');
    const error = await left(
      builder.build(orderOf(printing.inputs), TE.fromIO(printing.tree), { onProgress: () => {}, signal: never() }),
    );
    delete process.env['PLATFORM_SECRET'];
    expect(error.message).toContain('PATH=');
    expect(error.message).not.toContain('canary');
  });

  test.each([
    ['exit 7', 'ended with exit code 7'],
    ['kill -KILL $$', 'ended with exit code 137'],
    ['kill -TERM 0', 'was ended by SIGTERM'],
  ])('tells how a build ended that did %j', async (script, how) => {
    const { builder } = await freshEngine();
    const failing = shell(script);
    const error = await left(
      builder.build(orderOf(failing.inputs), TE.fromIO(failing.tree), { onProgress: () => {}, signal: never() }),
    );
    expect(error).toMatchObject({ code: 'builder/failed' });
    expect(error.message).toContain(how);
  });

  test('says that a command is not there', async () => {
    const { builder } = await freshEngine();
    const missing = building('no-such-program');
    const error = await left(
      builder.build(orderOf(missing.inputs), TE.fromIO(missing.tree), { onProgress: () => {}, signal: never() }),
    );
    expect(error).toMatchObject({ kind: 'permanent', code: 'builder/failed' });
    expect(error.message).toContain('no-such-program');
  });

  test('ends what a build left running', async () => {
    const { build, processes } = await freshEngine();
    await build(shell('sleep 3604 & echo done'));
    expect(await processes()).toEqual([]);
  });

  test('keeps nothing of a gigabyte that a build prints but its last lines', async () => {
    const { builder } = await freshEngine();
    const talking = shell(
      'head -c 1073741824 /dev/zero; head -c 2000000 /dev/zero | tr "\\0" "\\n"; echo the end; exit 1',
    );
    const before = process.memoryUsage.rss();
    let lines = 0;
    const error = await left(
      builder.build(orderOf(talking.inputs), TE.fromIO(talking.tree), {
        onProgress: () => {
          lines += 1;
        },
        signal: never(),
      }),
    );
    expect(lines).toBeGreaterThan(2_000_000);
    expect(error.message.endsWith('the end')).toBe(true);
    expect(error.message.length).toBeLessThan(50_000);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300_000_000);
  });

  test('refuses what a build made that a bundle cannot keep', async () => {
    const { builder, bundles } = await freshEngine();
    for (const script of ['mkfifo pipe', 'ln -s /etc/passwd out', 'ln -s ../.. up']) {
      const odd = shell(script);
      const error = await left(
        builder.build(orderOf(odd.inputs), TE.fromIO(odd.tree), { onProgress: () => {}, signal: never() }),
      );
      expect(error).toMatchObject({ kind: 'permanent', code: 'builder/refused' });
    }
    expect(await bundles()).toEqual([]);
  });

  test('keeps each image in the registry, from where another machine pulls and runs it', async () => {
    const registry = await temporaryDirectory();
    const here = await freshEngine({ registry: registry.path });
    const there = await freshEngine({ registry: registry.path });
    const app = localProjects.app('v1');
    const { image } = await here.build(app);
    expect(image.pullable).not.toBeNull();

    expect(await right(there.images.probe(image))).toBe('in-registry');
    await right(there.images.pull(image, never()));
    expect(await right(there.images.probe(image))).toBe('present');
    await registry.remove();
  });
});
