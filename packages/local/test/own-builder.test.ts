/** What the local builder does that is not in the port's contract. */
import { left, right } from '@recourse/testing';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, test } from 'vitest';
import { freshEngine, never } from './engine.ts';
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
