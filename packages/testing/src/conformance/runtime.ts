/** What every Runtime owes. */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  type BuildInputs,
  DeploymentId,
  Digest,
  EnvironmentId,
  type Image,
  type Instance,
  RunSpec,
  type Runtime,
  type StartOrder,
  StepKey,
} from '@recourse/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './eventually.ts';
import { left, right } from './outcome.ts';

/** An image and how it was built. What each does is told by `Projects`. */
export type Runnable = Readonly<{ image: Image; inputs: BuildInputs }>;

/** One adapter under test, and the hands that reach around it. */
export type RuntimeUnderTest = Readonly<{
  runtime: Runtime;
  /** The same engine through an adapter of its own, as another worker has it. */
  anotherWorker: () => Runtime;
  app: (version: string) => Promise<Runnable>;
  dying: () => Promise<Runnable>;
  deaf: () => Promise<Runnable>;
  /** Ends the instance's main process by force, behind the adapter's back. */
  kill: (key: StepKey) => Promise<void>;
  /** Puts something that is not ours where this key's instance would be. */
  occupy: (key: StepKey) => Promise<void>;
  /** Names what there is of this key's: containers, folders, processes. */
  remains: (key: StepKey) => Promise<readonly string[]>;
  /** Makes the engine unreachable until `close`. */
  disconnect: () => Promise<void>;
  /** Ends and removes everything that was started and built. */
  close: () => Promise<void>;
}>;

/** A clause may be added in a minor release; an adapter may not opt out of one. */
export const runtimeConformance = (adapter: string, open: () => Promise<RuntimeUnderTest>): void => {
  const fresh = async () => {
    const underTest = await open();
    onTestFinished(() => underTest.close());
    return underTest;
  };

  describe(`${adapter} as a Runtime`, { timeout: 60_000 }, () => {
    describe('start', () => {
      test('runs the image where it says it does, with its variables', async () => {
        const { runtime, app } = await fresh();
        const order = orderOf(await app('v1'), { GREETING: 'good "morning" $HOME' });
        const instance = await start(runtime, order);
        expect(await ask(instance, '/')).toBe('v1');
        expect(await ask(instance, '/greeting')).toBe('good "morning" $HOME');
        expect(await right(runtime.inspect(order.key))).toEqual({ state: 'running', instance });
      });

      test('runs two keys of one image side by side', async () => {
        const { runtime, app } = await fresh();
        const v1 = await app('v1');
        const one = await start(runtime, orderOf(v1, { GREETING: 'one' }));
        const two = await start(runtime, orderOf(v1, { GREETING: 'two' }));
        expect(one.id).not.toBe(two.id);
        expect(await ask(one, '/greeting')).toBe('one');
        expect(await ask(two, '/greeting')).toBe('two');
      });

      test('adopts what runs under the same key, whoever started it', async () => {
        const { runtime, anotherWorker, app } = await fresh();
        const order = orderOf(await app('v1'));
        const instance = await start(runtime, order);
        expect(await start(runtime, order)).toEqual(instance);
        expect(await start(anotherWorker(), order)).toEqual(instance);
        expect(await ask(instance, '/')).toBe('v1');
        expect(await begun(runtime, order)).toBe(1);
      });

      test('makes one instance when two start the same key at once', async () => {
        const { runtime, anotherWorker, app } = await fresh();
        const order = orderOf(await app('v1'));
        const workers = [runtime, anotherWorker(), runtime, anotherWorker()];
        const [first, ...rest] = await Promise.all(workers.map((worker) => start(worker, order)));
        for (const instance of rest) expect(instance).toEqual(first);
        expect((await right(runtime.list())).filter(({ key }) => key === order.key)).toHaveLength(1);
        if (first !== undefined) expect(await ask(first, '/')).toBe('v1');
        expect(await begun(runtime, order)).toBe(1);
      });

      test('starts again what has ended', async () => {
        const { runtime, app, kill } = await fresh();
        const order = orderOf(await app('v1'));
        await ask(await start(runtime, order), '/');
        await kill(order.key);
        await ended(runtime, order);
        const again = await start(runtime, order);
        expect(await ask(again, '/')).toBe('v1');
        expect(await right(runtime.inspect(order.key))).toEqual({ state: 'running', instance: again });
      });

      test('refuses another digest under the same key, and leaves the first alone', async () => {
        const { runtime, app } = await fresh();
        const order = orderOf(await app('v1'));
        const instance = await start(runtime, order);
        expect(await left(runtime.start({ ...order, ...(await app('v2')) }, never()))).toMatchObject(keyTaken);
        expect(await ask(instance, '/')).toBe('v1');
      });

      test('refuses a key under which there is something else', async () => {
        const { runtime, app, occupy } = await fresh();
        const order = orderOf(await app('v1'));
        await occupy(order.key);
        expect(await left(runtime.start(order, never()))).toMatchObject(keyTaken);
        expect(await right(runtime.list())).not.toContainEqual(expect.objectContaining({ key: order.key }));
      });

      test('tells apart keys that differ in the last of many characters only', async () => {
        const { runtime, app } = await fresh();
        const long = `${'k'.repeat(100)}${randomBytes(13).toString('hex')}`;
        const orders = [
          { ...orderOf(await app('v1')), key: StepKey.parse(`${long}-1`) },
          { ...orderOf(await app('v2')), key: StepKey.parse(`${long}-2`) },
        ];
        const versions = [];
        for (const order of orders) versions.push(await ask(await start(runtime, order), '/'));
        expect(versions).toEqual(['v1', 'v2']);
      });

      test('says image-gone when the image is not here, and leaves nothing', async () => {
        const { runtime, app, remains } = await fresh();
        const { image, inputs } = await app('v1');
        const gone = { ...image, digest: Digest.parse(image.digest.replace(/.{8}$/, 'deadbeef')) };
        const order = orderOf({ image: gone, inputs });
        expect(await left(runtime.start(order, never()))).toMatchObject({
          kind: 'permanent',
          code: 'runtime/image-gone',
        });
        expect(await remains(order.key)).toEqual([]);
        expect(await right(runtime.inspect(order.key))).toEqual({ state: 'gone' });
      });

      test('starts nothing after it was told to stop', async () => {
        const { runtime, app, remains } = await fresh();
        const order = orderOf(await app('v1'));
        expect(await left(runtime.start(order, AbortSignal.abort()))).toMatchObject({ kind: 'transient' });
        expect(await remains(order.key)).toEqual([]);
      });

      test('keeps the values of variables out of what it says', async () => {
        const { runtime, app } = await fresh();
        const secret = `canary-${randomUUID()}`;
        const order = orderOf(await app('v1'), { GREETING: secret });
        const said = [
          await start(runtime, order),
          await right(runtime.list()),
          await right(runtime.inspect(order.key)),
        ];
        const refusal = await left(runtime.start({ ...order, ...(await app('v2')) }, never()));
        expect(JSON.stringify([...said, refusal])).not.toContain(secret);
      });
    });

    describe('inspect', () => {
      test('says gone of what was never started', async () => {
        const { runtime } = await fresh();
        expect(await right(runtime.inspect(aKey()))).toEqual({ state: 'gone' });
      });

      test('notices that an instance ended, and with which code', async () => {
        const { runtime, anotherWorker, dying } = await fresh();
        const order = orderOf(await dying());
        await start(runtime, order);
        const exited = await eventually(
          () => right(runtime.inspect(order.key)),
          ({ state }) => state !== 'running',
        );
        expect(exited).toEqual({ state: 'exited', exitCode: 3 });
        expect(await right(anotherWorker().inspect(order.key))).toEqual(exited);
      });
    });

    describe('stop', () => {
      test('ends the instance and leaves nothing, however often it is asked', async () => {
        const { runtime, app, remains } = await fresh();
        const order = orderOf(await app('v1'));
        const instance = await start(runtime, order);
        await ask(instance, '/');
        expect(await remains(order.key)).not.toEqual([]);
        await right(runtime.stop(order.key, patiently));
        await right(runtime.stop(order.key, patiently));
        expect(await remains(order.key)).toEqual([]);
        expect(await right(runtime.inspect(order.key))).toEqual({ state: 'gone' });
        expect(await right(runtime.list())).not.toContainEqual(expect.objectContaining({ key: order.key }));
        await expect(fetch(urlOf(instance, '/'))).rejects.toThrow();
      });

      test('ends what another worker started', async () => {
        const { runtime, anotherWorker, app, remains } = await fresh();
        const order = orderOf(await app('v1'));
        await start(runtime, order);
        await right(anotherWorker().stop(order.key, patiently));
        expect(await remains(order.key)).toEqual([]);
      });

      test('may be asked for by two at once', async () => {
        const { runtime, anotherWorker, app, remains } = await fresh();
        const order = orderOf(await app('v1'));
        await start(runtime, order);
        const stop = (worker: Runtime) => right(worker.stop(order.key, patiently));
        await Promise.all([stop(runtime), stop(anotherWorker())]);
        expect(await remains(order.key)).toEqual([]);
      });

      test('ends by force what does not listen, but not before its time', async () => {
        const { runtime, deaf, remains } = await fresh();
        const order = orderOf(await deaf());
        const instance = await start(runtime, order);
        expect(await ask(instance, '/')).toBe('deaf');
        const asked = performance.now();
        await right(runtime.stop(order.key, { graceMs: 1000 }));
        expect(performance.now() - asked).toBeGreaterThanOrEqual(990);
        expect(await remains(order.key)).toEqual([]);
        await expect(fetch(urlOf(instance, '/'))).rejects.toThrow();
      });

      test('removes what has already ended', async () => {
        const { runtime, dying, remains } = await fresh();
        const order = orderOf(await dying());
        await start(runtime, order);
        await ended(runtime, order);
        await right(runtime.stop(order.key, patiently));
        expect(await remains(order.key)).toEqual([]);
      });

      test('leaves every other instance alone', async () => {
        const { runtime, app } = await fresh();
        const v1 = await app('v1');
        const [one, two] = [orderOf(v1), orderOf(v1)];
        await start(runtime, one);
        const instance = await start(runtime, two);
        await right(runtime.stop(one.key, patiently));
        expect(await ask(instance, '/')).toBe('v1');
      });

      test('frees the key: what is started next is another instance', async () => {
        const { runtime, app } = await fresh();
        const order = orderOf(await app('v1'));
        const first = await start(runtime, order);
        await right(runtime.stop(order.key, patiently));
        const second = await start(runtime, { ...order, ...(await app('v2')) });
        expect(second.id).not.toBe(first.id);
        expect(await ask(second, '/')).toBe('v2');
      });
    });

    describe('logs', () => {
      test('gives the last lines of what was printed, oldest first', async () => {
        const { runtime, app, dying } = await fresh();
        const order = orderOf(await app('v1'));
        await ask(await start(runtime, order), '/');
        expect(await right(runtime.logs(order.key, { lines: 100 }))).toContain('serving v1');
        expect(await right(runtime.logs(order.key, { lines: 0 }))).toEqual([]);

        const dead = orderOf(await dying());
        await start(runtime, dead);
        const lines = await eventually(
          () => right(runtime.logs(dead.key, { lines: 1 })),
          (printed) => printed.length > 0,
        );
        expect(lines).toEqual(['the last words']);
      });

      test('gives none of what is gone', async () => {
        const { runtime } = await fresh();
        expect(await right(runtime.logs(aKey(), { lines: 100 }))).toEqual([]);
      });
    });

    describe('list', () => {
      test('tells whose each instance is, running or not, to any worker', async () => {
        const { runtime, anotherWorker, app, dying } = await fresh();
        const orders = [orderOf(await app('v1')), orderOf(await dying())] as const;
        const expected = [];
        for (const order of orders) {
          const { id } = await start(runtime, order);
          const { key, deployment, environment, image } = order;
          expected.push({ id, key, deployment, environment, digest: image.digest });
        }
        await ended(runtime, orders[1]);
        expect(await right(anotherWorker().list())).toEqual(expect.arrayContaining(expected));
      });
    });

    test('fails for now, whatever is asked, when the engine cannot be asked', async () => {
      const { runtime, app, disconnect } = await fresh();
      const order = orderOf(await app('v1'));
      await start(runtime, order);
      await disconnect();
      expect(await left(runtime.start(order, never()))).toMatchObject(unreachable);
      expect(await left(runtime.inspect(order.key))).toMatchObject(unreachable);
      expect(await left(runtime.stop(order.key, { graceMs: 0 }))).toMatchObject(unreachable);
      expect(await left(runtime.logs(order.key, { lines: 1 }))).toMatchObject(unreachable);
      expect(await left(runtime.list())).toMatchObject(unreachable);
    });
  });
};

const keyTaken = { kind: 'permanent', code: 'runtime/key-taken' };
const unreachable = { kind: 'transient', code: 'runtime/unreachable' };

/** Longer than a test may take: what is not asked to end, or does not hear of it, is noticed. */
const patiently = { graceMs: 600_000 };

const never = () => new AbortController().signal;
const aKey = () => StepKey.parse(`run-${randomUUID()}`);
const start = (runtime: Runtime, order: StartOrder) => right(runtime.start(order, never()));

const ended = (runtime: Runtime, { key }: StartOrder) =>
  eventually(
    () => right(runtime.inspect(key)),
    ({ state }) => state === 'exited',
  );

const orderOf = (runnable: Runnable, variables: Readonly<Record<string, string>> = {}): StartOrder => ({
  key: aKey(),
  deployment: DeploymentId.parse(`d-${randomUUID()}`),
  environment: EnvironmentId.parse('shop-production'),
  ...runnable,
  run: RunSpec.parse({
    port: 8080,
    health: { path: '/', withinMs: 30_000 },
    drainMs: 0,
    stopGraceMs: 10_000,
    memoryBytes: null,
    cpus: null,
    pidsMax: null,
  }),
  variables,
});

/** How often the app of version v1 came up under this key. */
const begun = async (runtime: Runtime, { key }: StartOrder): Promise<number> =>
  (await right(runtime.logs(key, { lines: 100 }))).filter((line) => line === 'serving v1').length;

const urlOf = ({ address: { host, port } }: Instance, path: string) => `http://${host}:${port}${path}`;

/** What the instance answers, once it does. */
const ask = (instance: Instance, path: string): Promise<string | null> =>
  eventually(
    () =>
      fetch(urlOf(instance, path), { headers: { connection: 'close' } }).then(
        (response) => (response.ok ? response.text() : null),
        () => null,
      ),
    (answer) => answer !== null,
  );
