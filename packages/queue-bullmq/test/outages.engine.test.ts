/** What becomes of it when Redis forgets, goes away, or does not answer. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { left, right } from '@recourse/testing';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { startPrivateRedis } from '../../../scripts/engines/redis.ts';
import { openBullmqQueue } from '../src/index.ts';
import { consume, wakeUp } from './consuming.ts';

const redis = startPrivateRedis();
afterAll(async () => (await redis).stop());
const unavailable = { kind: 'transient', code: 'queue/unavailable' };

/** Something that takes connections and never answers, and how long it took to say so. Others need not wait for it. */
const askOneThatNeverAnswers = async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const asked = Date.now();
  const answer = await openBullmqQueue({ connection: { host: '127.0.0.1', port } })();
  server.close();
  return { answer, tookMs: Date.now() - asked };
};
const neverAnswered = askOneThatNeverAnswers();

const fresh = async () => {
  const { url } = await redis;
  const { queue, close } = await right(openBullmqQueue({ connection: url }));
  onTestFinished(close);
  return { queue, close };
};

const flush = async () => {
  const client = new Redis((await redis).url);
  await client.flushall();
  client.disconnect();
};

describe('a Redis that was emptied', () => {
  test('takes its messages with it, and no consumer: the next wake-up is handled, also of what was under way', async () => {
    const { queue } = await fresh();
    const [entered, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { handled, saw } = consume(queue, async () => {
      entered.resolve();
      await leave.promise;
    });
    await right(queue.enqueue(wakeUp('d1')));
    await entered.promise;
    await right(queue.enqueue(wakeUp('d2'), { delayMs: 400 }));
    await flush();
    await right(queue.enqueue(wakeUp('d1')));
    leave.resolve();
    await right(queue.enqueue(wakeUp('d3')));
    await saw(wakeUp('d3'));
    await expect.poll(() => handled.filter((message) => JSON.stringify(message).includes('d1')).length).toBe(2);
    // Ids count from one again: what was remembered of the old ones holds nothing up.
    for (const name of ['d4', 'd5', 'd6']) {
      await right(queue.enqueue(wakeUp(name)));
      await saw(wakeUp(name));
    }
    expect(handled).not.toContainEqual(wakeUp('d2'));
  });
});

describe('a Redis that is away', () => {
  test('is told within seconds, and consumers go on when it is back', async () => {
    const { kill, start } = await redis;
    const { queue } = await fresh();
    const { saw } = consume(queue);
    await right(queue.enqueue(wakeUp('before')));
    await saw(wakeUp('before'));

    await kill();
    const asked = Date.now();
    expect(await left(queue.enqueue(wakeUp('meanwhile')))).toMatchObject(unavailable);
    expect(Date.now() - asked).toBeLessThan(3500);
    expect(await left(openBullmqQueue({ connection: (await redis).url }))).toMatchObject(unavailable);

    await start();
    await expect.poll(() => queue.enqueue(wakeUp('after'))(), { timeout: 10_000 }).toMatchObject({ _tag: 'Right' });
    await saw(wakeUp('after'));
  });

  test('does not keep a consumer from ending, nor the queue from being closed', async () => {
    const { kill, start } = await redis;
    const { queue, close } = await fresh();
    const leave = Promise.withResolvers<void>();
    const early = consume(queue, () => leave.promise);
    await right(queue.enqueue(wakeUp('d1')));
    await early.saw(wakeUp('d1'));
    await kill();
    const late = consume(queue);
    await new Promise((resolve) => setTimeout(resolve, 300));
    late.abort.abort();
    early.abort.abort();
    leave.resolve();
    const asked = Date.now();
    for (const { ended } of [early, late]) expect(await ended).toEqual({ _tag: 'Right', right: undefined });
    await close();
    expect(Date.now() - asked).toBeLessThan(5000);

    await start();
    const next = await fresh();
    const again = consume(next.queue);
    await again.saw(wakeUp('d1'));
  });

  test('one that takes a connection and never answers is one that is away', async () => {
    const { answer, tookMs } = await neverAnswered;
    expect(answer).toMatchObject({ _tag: 'Left', left: unavailable });
    expect(tookMs).toBeLessThan(4000);
  });
});
