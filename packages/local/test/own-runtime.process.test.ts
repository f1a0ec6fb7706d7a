/** What the local runtime does that is not in the port's contract. */
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, left, right } from '@recourse/testing';
import { describe, expect, test } from 'vitest';
import { aKey, ask, freshEngine, never, staticInputs } from './engine.ts';
import { localProjects, project, tarOf } from './projects.ts';

/** Prints its environment, then waits. */
const printing = project({}, null, ['sh', '-c', 'env | sort; echo ready; exec sleep 3600']);

const folderOf = async (directory: string, key: string) => {
  const [id = ''] = await readdir(join(directory, 'instances', key));
  return join(directory, 'instances', key, id);
};

describe('localRuntime', { timeout: 60_000 }, () => {
  test('shows the app its own variables, and none of the platform', async () => {
    process.env['PLATFORM_SECRET'] = 'canary';
    const { runtime, order, start } = await freshEngine();
    const variables = { A: 'a b', dir: '1', run: '2', path: '3', code: '4', PORT: '1', HOST: '0.0.0.0' };
    const what = await order(printing, variables);
    const { address } = await start(what);
    const lines = await eventually(
      () => right(runtime.logs(what.key, { lines: 100 })),
      (printed) => printed.includes('ready'),
    );
    expect(lines).toEqual(
      expect.arrayContaining(['A=a b', 'dir=1', 'run=2', 'path=3', 'code=4', 'HOST=127.0.0.1', `PORT=${address.port}`]),
    );
    expect(lines.join('\n')).not.toContain('canary');
    const names = lines.map((line) => line.split('=')[0]);
    expect(names.filter((name) => name === 'HOME' || name === 'PATH')).toHaveLength(2);
    delete process.env['PLATFORM_SECRET'];
  });

  test('lets an app have a PATH of its own', async () => {
    const { runtime, order, start } = await freshEngine();
    const what = await order(project({}, null, ['/bin/sh', '-c', 'echo "$PATH"']), { PATH: '/nowhere' });
    await start(what);
    const lines = await eventually(
      () => right(runtime.logs(what.key, { lines: 10 })),
      (printed) => printed.length > 0,
    );
    expect(lines).toEqual(['/nowhere']);
  });

  test('writes no value of a variable to any file, or to any command line', async () => {
    const { directory, order, start } = await freshEngine();
    const what = await order(localProjects.app('v1'), { GREETING: 'canary-value' });
    await ask(await start(what));
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      expect(await readFile(join(entry.parentPath, entry.name), 'latin1')).not.toContain('canary-value');
    }
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).not.toContain('canary-value');
    }
  });

  test('gives the words of the start command to the app as they are', async () => {
    const { runtime, order, start } = await freshEngine();
    const words = ['a b', '', "it's", '"', '$HOME', '`id`', '; exit 9', '-n', 'ünï', '*'];
    const code = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const what = await order(project({}, null, ['node', '-e', code, '--', ...words]));
    await start(what);
    const [line = ''] = await eventually(
      () => right(runtime.logs(what.key, { lines: 1 })),
      (printed) => printed.length > 0,
    );
    expect(JSON.parse(line)).toEqual(words);
  });

  test('refuses what it cannot start, and leaves nothing', async () => {
    const { directory, runtime, order } = await freshEngine();
    for (const command of ['no-such-program', './not-there', './plain-file', '']) {
      const what = await order(project({ 'plain-file': 'x' }, null, [command]));
      expect(await left(runtime.start(what, never()))).toMatchObject({
        kind: 'permanent',
        code: 'runtime/start-failed',
      });
    }
    expect(await readdir(join(directory, 'instances'))).toEqual([]);
  });

  test('starts nothing from a bundle that is not whole', async () => {
    const { directory, images, runtime, order, bundles } = await freshEngine();
    const what = await order(localProjects.app('v1'));
    const bundle = join(directory, 'images', (await bundles())[0] ?? '');

    const bytes = await readFile(bundle);
    for (const at of [600, bytes.length / 2, bytes.length - 1]) {
      const damaged = Buffer.from(bytes);
      damaged[Math.floor(at)] = (damaged[Math.floor(at)] ?? 0) ^ 1;
      await writeFile(bundle, damaged);
      expect(await right(images.probe(what.image))).toBe('absent');
      expect(await left(runtime.start(what, never()))).toMatchObject({ kind: 'permanent' });
    }
    await writeFile(bundle, bytes);
    await truncate(bundle, bytes.length / 2);
    expect(await left(runtime.start(what, never()))).toMatchObject({ code: 'runtime/image-gone' });
    expect(await readdir(join(directory, 'instances'))).toEqual([]);
  });

  test('takes everything with it that the app left running', async () => {
    const { runtime, order, start, processes } = await freshEngine();
    const leaving = project({}, null, ['sh', '-c', 'sleep 3601 & echo gone; exit 4']);
    const what = await order(leaving);
    await start(what);
    await eventually(
      () => right(runtime.inspect(what.key)),
      ({ state }) => state === 'exited',
    );
    await eventually(processes, (left) => left.length === 0);
  });

  test.runIf(process.platform === 'linux')('ends what left the group, also without the process above it', async () => {
    const { directory, runtime, order, start, processes } = await freshEngine();
    const what = await order(project({}, null, ['sh', '-c', 'setsid sleep 3602 & echo ready; exec sleep 3603']));
    await start(what);
    await eventually(
      () => right(runtime.logs(what.key, { lines: 1 })),
      (lines) => lines.length > 0,
    );
    const above = Number(await readFile(join(await folderOf(directory, what.key), '1.pid'), 'utf8'));
    process.kill(above, 'SIGKILL');
    await eventually(
      () => right(runtime.inspect(what.key)),
      ({ state }) => state === 'exited',
    );
    expect((await processes()).length).toBeGreaterThanOrEqual(2);
    await right(runtime.stop(what.key, { graceMs: 0 }));
    expect(await processes()).toEqual([]);
  });

  test('never ends a process that only has the number of one of its own', async () => {
    const { directory, runtime, order, start } = await freshEngine();
    const what = await order(project({}, null, ['sh', '-c', 'exit 0']));
    await start(what);
    await eventually(
      () => right(runtime.inspect(what.key)),
      ({ state }) => state === 'exited',
    );
    // This very process: were it taken for the instance, the test would not live to fail.
    await writeFile(join(await folderOf(directory, what.key), '1.pid'), String(process.pid));
    expect(await right(runtime.inspect(what.key))).toEqual({ state: 'exited', exitCode: 0 });
    await right(runtime.stop(what.key, { graceMs: 0 }));
    expect(await right(runtime.inspect(what.key))).toEqual({ state: 'gone' });
  });

  test('stops at once what has hardly begun', async () => {
    const { runtime, order, start, processes } = await freshEngine();
    const what = await order(project({}, null, ['sleep', '3605']));
    const orders = Array.from({ length: 12 }, () => ({ ...what, key: aKey() }));
    await Promise.all(
      orders.map(async (one) => {
        await start(one);
        // Longer than this test may take: an app that did not hear of it would be waited for.
        await right(runtime.stop(one.key, { graceMs: 600_000 }));
      }),
    );
    expect(await processes()).toEqual([]);
  });

  test('keeps its port when it is started again', async () => {
    const { runtime, order, start } = await freshEngine();
    const what = await order(project({}, null, ['sh', '-c', 'exit 0']));
    const first = await start(what);
    await eventually(
      () => right(runtime.inspect(what.key)),
      ({ state }) => state === 'exited',
    );
    expect(await start(what)).toEqual(first);
  });

  test('keeps the log of an app that talks without end short', async () => {
    const { directory, runtime, order, start } = await freshEngine();
    const talking = `let n = 0; const talk = () => { for (let i = 0; i < 2000; i += 1) console.log('line ' + n++ + ' ' + 'x'.repeat(500)); };
      for (let i = 0; i < 20; i += 1) talk(); setInterval(() => console.log('still ' + n++), 50);`;
    const what = await order(project({ 'talk.mjs': talking }, null, ['node', 'talk.mjs']));
    await start(what);
    const folder = await folderOf(directory, what.key);
    await eventually(
      async () => (await stat(join(folder, 'log'))).size,
      (size) => size > 10_000_000,
    );
    await eventually(
      async () => (await stat(join(folder, 'log'))).size,
      (size) => size < 1_000_000,
    );
    const lines = await right(runtime.logs(what.key, { lines: 3 }));
    expect(lines).toHaveLength(3);
    expect((await right(runtime.logs(what.key, { lines: 1000 }))).length).toBe(1000);
  });
});

describe('the static preset', { timeout: 60_000 }, () => {
  const files = {
    'site/index.html': '<h1>v1</h1>',
    'site/style.css': 'h1 {}',
    'site/with space/ünï.txt': 'found',
    'site/docs/index.html': 'docs',
    secret: 'canary',
  };
  const site = (runnable: boolean) => ({ inputs: staticInputs('site', runnable), tree: () => tarOf(files) });

  test.each([true, false])('serves the files of its folder only (with its own server: %s)', async (runnable) => {
    const { build, order, start } = await freshEngine();
    expect((await build(site(runnable))).runnable).toBe(runnable);
    const instance = await start(await order(site(runnable)));
    const get = async (path: string) => {
      const response = await ask(instance, path);
      return [response.status, response.headers.get('content-type'), await response.text()];
    };
    expect(await get('/')).toEqual([200, 'text/html; charset=utf-8', '<h1>v1</h1>']);
    expect(await get('/style.css?v=2')).toEqual([200, 'text/css; charset=utf-8', 'h1 {}']);
    expect((await get('/with%20space/%C3%BCn%C3%AF.txt'))[2]).toBe('found');
    expect((await get('/docs/'))[2]).toBe('docs');
    for (const path of [
      '/secret',
      '/..%2fsecret',
      '/%2e%2e/secret',
      '/..%5csecret',
      '/docs/..%2f..%2fsecret',
      '/none',
    ]) {
      expect((await get(path))[0]).toBe(404);
    }
    expect((await get('/%zz'))[0]).toBe(400);
  });

  test('is another image with its server than without', async () => {
    const { build } = await freshEngine();
    expect((await build(site(true))).image.digest).not.toBe((await build(site(false))).image.digest);
  });
});
